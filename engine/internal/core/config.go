package core

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// EnvVariable returns the value of an environment variable and whether it is set.
func (c Container) EnvVariable(name string) (string, bool) {
	for _, kv := range c.Config.Env {
		if k, v, _ := strings.Cut(kv, "="); k == name {
			return v, true
		}
	}
	return "", false
}

// WithEnvVariable sets an environment variable. One that is set already keeps
// its place in the order.
func (c Container) WithEnvVariable(name, value string) Container {
	c = c.WithoutSecretEnv(name)
	for i, kv := range c.Config.Env {
		if k, _, _ := strings.Cut(kv, "="); k == name {
			c.Config.Env[i] = name + "=" + value
			return c
		}
	}
	c.Config.Env = append(c.Config.Env, name+"="+value)
	return c
}

// WithoutEnvVariable removes an environment variable.
func (c Container) WithoutEnvVariable(name string) Container {
	c = c.clone()
	c.Config.Env = slices.DeleteFunc(c.Config.Env, func(kv string) bool {
		k, _, _ := strings.Cut(kv, "=")
		return k == name
	})
	return c
}

// WithSecretEnv sets an environment variable that only execs see.
func (c Container) WithSecretEnv(env SecretEnv) Container {
	c = c.WithoutSecretEnv(env.Name).WithoutEnvVariable(env.Name)
	c.SecretEnv = append(c.SecretEnv, env)
	return c
}

// WithoutSecretEnv removes a variable that WithSecretEnv has set.
func (c Container) WithoutSecretEnv(name string) Container {
	c = c.clone()
	c.SecretEnv = slices.DeleteFunc(c.SecretEnv, func(e SecretEnv) bool { return e.Name == name })
	return c
}

// WithWorkdir sets the working folder, relative to the one before; "" is the root.
func (c Container) WithWorkdir(p string) Container {
	abs := ""
	if p != "" {
		abs = path.Clean(c.Abs(p))
	}
	c = c.clone()
	c.Config.WorkingDir = abs
	return c
}

// WithUser sets the user that commands run as: "user[:group]", names or numbers.
func (c Container) WithUser(user string) Container {
	c = c.clone()
	c.Config.User = user
	return c
}

// WithEntrypoint sets the entrypoint. Default arguments belong to an entrypoint,
// so they are cleared unless kept.
func (c Container) WithEntrypoint(args []string, keepDefaultArgs bool) Container {
	c = c.clone()
	c.Config.Entrypoint = slices.Clone(args)
	if !keepDefaultArgs {
		c.Config.Cmd = nil
	}
	return c
}

// WithDefaultArgs sets the arguments of a command that is not given any.
func (c Container) WithDefaultArgs(args []string) Container {
	c = c.clone()
	c.Config.Cmd = slices.Clone(args)
	return c
}

// WithLabel sets a label of the image.
func (c Container) WithLabel(name, value string) Container {
	c = c.clone()
	c.Config.Labels[name] = value
	return c
}

// WithoutLabel removes a label of the image.
func (c Container) WithoutLabel(name string) Container {
	c = c.clone()
	delete(c.Config.Labels, name)
	return c
}

// WithAnnotation sets an annotation of the image's manifest.
func (c Container) WithAnnotation(name, value string) Container {
	c = c.WithoutAnnotation(name)
	c.Annotations = append(c.Annotations, KeyValue{name, value})
	return c
}

// WithoutAnnotation removes an annotation of the image's manifest.
func (c Container) WithoutAnnotation(name string) Container {
	c = c.clone()
	c.Annotations = slices.DeleteFunc(c.Annotations, func(kv KeyValue) bool { return kv.Key == name })
	return c
}

// Port is an exposed port.
type Port struct {
	Number          int
	Protocol        string // "TCP" or "UDP"
	Description     string
	SkipHealthcheck bool
}

func (p Port) key() string { return fmt.Sprintf("%d/%s", p.Number, strings.ToLower(p.Protocol)) }

// WithExposedPort exposes a port, also in the image.
func (c Container) WithExposedPort(p Port) Container {
	c = c.WithoutExposedPort(p.Number, p.Protocol)
	c.Ports = append(c.Ports, p)
	c.Config.ExposedPorts[p.key()] = struct{}{}
	return c
}

// WithoutExposedPort takes an exposed port back.
func (c Container) WithoutExposedPort(number int, protocol string) Container {
	c = c.clone()
	gone := Port{Number: number, Protocol: protocol}.key()
	c.Ports = slices.DeleteFunc(c.Ports, func(p Port) bool { return p.key() == gone })
	ports := map[string]struct{}{}
	for k := range c.Config.ExposedPorts {
		if k != gone {
			ports[k] = struct{}{}
		}
	}
	c.Config.ExposedPorts = ports
	return c
}

// parsePort reads an image configuration's "8080/tcp".
func parsePort(key string) Port {
	number, protocol, _ := strings.Cut(key, "/")
	if protocol == "" {
		protocol = "tcp"
	}
	n, _ := strconv.Atoi(number)
	return Port{Number: n, Protocol: strings.ToUpper(protocol)}
}
