package registrytest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

func TestStart(t *testing.T) {
	for name, o := range map[string]registrytest.Options{
		"plain":    {},
		"tls":      {TLS: true},
		"password": {User: "me", Password: "secret", TLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := registrytest.Start(t, o)
			for login, want := range map[string]int{"secret": http.StatusOK, "wrong": http.StatusUnauthorized} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+"/v2/", nil)
				require.NoError(t, err)
				req.SetBasicAuth("me", login)
				resp, err := r.Client.Do(req)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				if o.Password == "" {
					want = http.StatusOK
				}
				require.Equal(t, want, resp.StatusCode)
			}
		})
	}
}
