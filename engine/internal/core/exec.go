package core

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// outPath is where the exec's record lies within its output state.
const outPath = "/out"

// Exec is a command that was added to a container.
type Exec struct {
	Args []string
	Out  llb.State // the record of its output, below outPath
}

// ExecOptions describe a command.
type ExecOptions struct {
	Args           []string
	UseEntrypoint  bool
	Stdin          string
	RedirectStdin  string
	RedirectStdout string
	RedirectStderr string
	Expect         string // "SUCCESS" (default), "FAILURE" or "ANY"
	Insecure       bool   // all root capabilities
	Expand         bool
	NoInit         bool
}

// ErrNoCommand says that neither the call nor the container names a command.
var ErrNoCommand = errors.New("no command to run: give arguments, or set default arguments or an entrypoint")

func (c Container) command(o ExecOptions) ([]string, error) {
	args := o.Args
	if len(args) == 0 {
		args = c.Config.Cmd
	}
	if o.UseEntrypoint {
		args = append(append([]string{}, c.Config.Entrypoint...), args...)
	}
	if o.Expand {
		expanded := make([]string, len(args))
		for i, arg := range args {
			var err error
			if expanded[i], err = c.Expand(arg); err != nil {
				return nil, err
			}
		}
		args = expanded
	}
	if len(args) == 0 {
		return nil, ErrNoCommand
	}
	return args, nil
}

// WithExec adds a command. It runs when something that depends on it is
// evaluated, unless the cache has its result.
func (c Container) WithExec(o ExecOptions) (Container, error) {
	args, err := c.command(o)
	if err != nil {
		return c, err
	}
	spec, opts := c.runOptions(args, o)
	command := protocol.ExecArgs(spec, args...)
	opts = append(opts, buildkit.NamedShimMounts(c.Platform.Architecture, command)...)
	opts = append(opts, c.describeTerminal()...)
	opts = append(opts, llb.AddMount(protocol.OutDir, outBase(), llb.SourcePath(outPath)))
	run := c.FS.Run(append(opts, llb.WithCustomName(execName(args)), llb.Args(command))...)
	c = c.clone()
	c.FS = treeOf(run.Root())
	c.Mounts = slices.Clone(c.Mounts)
	for i, m := range c.Mounts {
		if (m.Kind == MountDirectory || m.Kind == MountFile) && !m.ReadOnly {
			c.Mounts[i].State = treeOf(run.GetMount(m.Target))
		}
	}
	c.Last = &Exec{Args: args, Out: treeOf(run.GetMount(protocol.OutDir))}
	c.ImageRef = ""
	return c, nil
}

// runOptions say how a command runs in the container, apart from what the shim
// needs.
func (c Container) runOptions(args []string, o ExecOptions) (protocol.Spec, []llb.RunOption) {
	spec := protocol.Spec{
		Expect: protocol.Expect(o.Expect), Stdin: o.RedirectStdin, Stdout: o.RedirectStdout, Stderr: o.RedirectStderr, NoInit: o.NoInit,
	}
	if spec.Expect == protocol.ExpectSuccess {
		spec.Expect = ""
	}
	opts := []llb.RunOption{llb.Platform(c.Platform), llb.WithProxy(hostProxy())}
	if o.Stdin != "" {
		stdin := llb.Scratch().File(llb.Mkfile("/stdin", 0o444, []byte(o.Stdin)), llb.WithCustomName("write stdin"))
		opts = append(opts, llb.AddMount(protocol.StdinFile, stdin, llb.SourcePath("/stdin"), llb.Readonly))
	}
	for _, kv := range c.Config.Env {
		k, v, _ := strings.Cut(kv, "=")
		opts = append(opts, llb.AddEnv(protocol.EnvName(k), v))
	}
	for _, env := range c.SecretEnv {
		opts = append(opts, llb.AddSecretWithDest(env.ID, nil, llb.SecretAsEnvName(protocol.EnvName(env.Name))))
		if !env.Volatile {
			spec.SecretEnv = append(spec.SecretEnv, env.Name)
		}
	}
	for _, m := range c.Mounts {
		opts = append(opts, m.runOption())
		if m.Kind == MountSecret {
			spec.SecretFiles = append(spec.SecretFiles, m.Target)
		}
	}
	for _, u := range c.Sockets {
		opts = append(opts, u.runOption())
	}
	if c.Config.WorkingDir != "" {
		opts = append(opts, llb.Dir(c.Config.WorkingDir))
	}
	if c.Config.User != "" {
		opts = append(opts, llb.User(c.Config.User))
	}
	if o.Insecure {
		opts = append(opts, llb.Security(pb.SecurityMode_INSECURE))
	}
	client := fmt.Sprint(args, c.Config.Env, c.Config.User, c.Config.WorkingDir)
	bound, names := c.bound()
	for i, s := range bound {
		service, more := s.Binding(client, i, names[s]...)
		spec.Services = append(spec.Services, service)
		opts = append(opts, more...)
	}
	return spec, opts
}

// bound lists the services that commands reach, and all names of each: a service
// has one address in an exec.
func (c Container) bound() (services []*buildkit.Service, names map[*buildkit.Service][]string) {
	names = map[*buildkit.Service][]string{}
	for _, b := range c.Bindings {
		if names[b.Service] == nil {
			services = append(services, b.Service)
		}
		names[b.Service] = append(names[b.Service], b.Alias)
	}
	return services, names
}

// outBase is a folder that any user may write to.
func outBase() llb.State {
	return llb.Scratch().File(llb.Mkdir(outPath, 0o777), llb.WithCustomName("[internal] make output folder"))
}

func execName(args []string) string { return "exec " + strings.Join(args, " ") }

// hostProxy is the host's proxy environment, which BuildKit hands to execs
// without making it part of their cache key.
func hostProxy() llb.ProxyEnv {
	get := func(name string) string {
		if v := os.Getenv(strings.ToUpper(name)); v != "" {
			return v
		}
		return os.Getenv(name)
	}
	return llb.ProxyEnv{
		HTTPProxy: get("http_proxy"), HTTPSProxy: get("https_proxy"), FTPProxy: get("ftp_proxy"),
		NoProxy: get("no_proxy"), AllProxy: get("all_proxy"),
	}
}
