package debian

import (
	"net/http"
	"net/url"
)

// hostProxy is the proxy for a request: the environment's (HTTP_PROXY,
// HTTPS_PROXY, NO_PROXY), else the one apt is configured to use.
func hostProxy(req *http.Request) (*url.URL, error) {
	if p, err := http.ProxyFromEnvironment(req); p != nil || err != nil {
		return p, err
	}
	conf := hostAptConf()
	p := conf["acquire::"+req.URL.Scheme+"::proxy::"+req.URL.Hostname()]
	if p == "" {
		p = conf["acquire::"+req.URL.Scheme+"::proxy"]
	}
	if p == "" || p == "false" || p == "DIRECT" {
		return nil, nil
	}
	return url.Parse(p)
}
