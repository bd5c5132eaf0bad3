package buildkit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// shims sees to it that the daemon holds the exec shim. Execs get it from a
// cache mount, whose content is no part of their cache key: neither a new
// release of Bodkin nor another Go toolchain makes finished steps run again.
type shims struct {
	session *Session

	mu        sync.Mutex
	installed map[string]*shimState // by architecture
}

type shimState struct {
	once sync.Once
	err  error
}

// ShimMounts are the mounts that each exec needs for its shim, apart from its
// output. The state of a cached exec does not depend on what is in them.
func ShimMounts(arch string) []llb.RunOption { return shimMounts(arch, "") }

func shimMounts(arch, name string) []llb.RunOption {
	return []llb.RunOption{
		llb.AddMount(protocol.BinDir, llb.Scratch(), shimCache(arch), llb.Readonly),
		llb.AddSecretWithDest(hostSecret(arch, name), nil, llb.SecretOptional, llb.SecretAsEnvName(protocol.HostVariable)),
	}
}

func shimCache(arch string) llb.MountOption {
	return llb.AsPersistentCacheDir(shimCacheID(arch), llb.CacheMountShared)
}

func shimCacheID(arch string) string { return "bodkin-shim-" + arch }

// prepare makes the shim available for every architecture that def runs execs on.
func (s *shims) prepare(ctx context.Context, def *llb.Definition) error {
	for arch := range execArchitectures(def) {
		if err := s.ready(ctx, arch); err != nil {
			return err
		}
	}
	return nil
}

// ready makes the shim available for one architecture.
func (s *shims) ready(ctx context.Context, arch string) error {
	state := s.state(arch)
	state.once.Do(func() { state.err = s.ensure(ctx, arch) })
	if state.err != nil {
		s.forget(arch, state)
	}
	return state.err
}

func (s *shims) state(arch string) *shimState {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.installed[arch] == nil {
		s.installed[arch] = &shimState{}
	}
	return s.installed[arch]
}

func (s *shims) forget(arch string, state *shimState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.installed[arch] == state {
		delete(s.installed, arch)
	}
}

func execArchitectures(def *llb.Definition) map[string]bool {
	archs := map[string]bool{}
	for _, op := range ops(def.Def) {
		if op.GetExec() != nil {
			archs[op.GetPlatform().GetArchitecture()] = true
		}
	}
	return archs
}

// ensure builds the shim, tells execs which one is wanted, and installs it
// unless this machine has seen to that before. A note that is wrong (the cache
// mount was pruned) costs one failed exec start and an installation.
func (s *shims) ensure(ctx context.Context, arch string) error {
	_, shimDigest, err := s.session.options.BuildShim(ctx, arch)
	if err != nil {
		return fmt.Errorf("building the exec shim: %w", err)
	}
	s.session.Secrets.system(hostSecret(arch, ""), protocol.EncodeHost(protocol.Host{Shim: shimDigest, CABundle: s.bundlePath(), SharedNetwork: s.session.hostNet}))
	note, err := s.note(shimDigest)
	if err != nil {
		return err
	}
	if _, err := os.Stat(note); err == nil {
		return nil
	}
	return s.install(ctx, arch)
}

// bundleDigest names the host's CA bundle, "" if there is none.
func (s *shims) bundleDigest() string {
	if s.session.options.HostCA == nil {
		return ""
	}
	return digest.FromBytes(s.session.options.HostCA).String()
}

// bundlePath is where execs find the host's CA bundle.
func (s *shims) bundlePath() string {
	if s.bundleDigest() == "" {
		return ""
	}
	return protocol.BinDir + "/" + protocol.BundleName(s.bundleDigest())
}

// note is the file that remembers that a daemon holds a shim and the CA bundle.
func (s *shims) note(shimDigest string) (string, error) {
	dir, err := cachedir.Ensure("shim-notes")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, digest.FromString(s.session.workerID+"\n"+shimDigest+"\n"+s.bundleDigest()).Encoded()), nil
}

// install puts the shim for arch into the daemon's cache mount.
func (s *shims) install(ctx context.Context, arch string) error {
	path, shimDigest, err := s.session.options.BuildShim(ctx, arch)
	if err != nil {
		return fmt.Errorf("building the exec shim: %w", err)
	}
	platform := ocispecs.Platform{OS: "linux", Architecture: arch}
	src, name, err := s.session.program(HostDir{Name: "bodkin-shim-" + shimDigest, Hint: "bodkin-shim-" + arch, Label: "[internal] load exec shim"}, path)
	if err != nil {
		return err
	}
	def, err := s.installation(src, arch, "/src/"+name, shimDigest).Marshal(ctx, llb.Platform(platform))
	if err != nil {
		return fmt.Errorf("describing the installation of the exec shim: %w", err)
	}
	err = s.session.Gateway(ctx, func(ctx context.Context, gw gateway.Client) error {
		_, err := evaluate(ctx, gw, gateway.SolveRequest{Definition: def.ToPB()})
		return err
	})
	if err != nil && arch != s.session.platform.Architecture {
		return &PlatformError{Engine: s.session.platform, Architecture: arch}
	}
	if err != nil {
		if said := s.session.said(err); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return clean(fmt.Errorf("installing the exec shim: %w", err))
	}
	note, err := s.note(shimDigest)
	if err != nil {
		return err
	}
	return os.WriteFile(note, nil, 0o600)
}

// PlatformError says that a daemon cannot run programs of another architecture.
type PlatformError struct {
	Engine       ocispecs.Platform
	Architecture string
}

func (e *PlatformError) Error() string {
	return fmt.Sprintf("the engine runs %s and has no emulator for linux/%s: register one on the engine's machine (qemu-user-static of Debian does), or use an engine of that platform",
		platforms.Format(e.Engine), e.Architecture)
}

// installation is the exec that fills the cache mount.
func (s *shims) installation(src llb.State, arch, path, shimDigest string) llb.State {
	opts := []llb.RunOption{
		llb.AddMount("/src", src, llb.Readonly),
		llb.AddMount("/dst", llb.Scratch(), shimCache(arch)),
		// Not llb.IgnoreCache: BuildKit takes it as an order to empty the cache mounts,
		// under the feet of execs that are about to start.
		llb.AddEnv("INSTALLATION", rand.Text()),
		llb.WithCustomName("[internal] install exec shim"),
	}
	bundle := ""
	if s.bundleDigest() != "" {
		bundle = "/ca.pem"
		content := llb.Scratch().File(llb.Mkfile(bundle, 0o444, s.session.options.HostCA), llb.WithCustomName("[internal] write CA bundle"))
		opts = append(opts, llb.AddMount(bundle, content, llb.SourcePath(bundle), llb.Readonly))
	}
	args := protocol.InstallArgs(path, "/dst", shimDigest, bundle, s.bundleDigest())
	return llb.Scratch().Run(append(opts, llb.Args(args))...).Root()
}

// shimMissingError says that an exec did not start because the daemon does not
// hold the wanted shim.
type shimMissingError struct{ arch string }

func (e *shimMissingError) Error() string { return "the daemon lost the exec shim for " + e.arch }

// shimMissing recognises a shimMissingError in what the daemon says of op.
func shimMissing(err error, op *pb.Op) *shimMissingError {
	var exit *gatewaypb.ExitError
	outdated := errors.As(err, &exit) && exit.ExitCode == protocol.StatusOutdated
	if !outdated && !startsWithoutShim(err.Error()) {
		return nil
	}
	return &shimMissingError{arch: op.GetPlatform().GetArchitecture()}
}

func startsWithoutShim(msg string) bool {
	return strings.Contains(msg, protocol.BinaryPath) && strings.Contains(msg, "no such file or directory") &&
		!strings.Contains(msg, "did not complete successfully: exit code")
}

// retriesShim recognises output that only says that the shim is to be
// installed, which the user need not see.
func retriesShim(text string) bool {
	return strings.HasPrefix(text, protocol.MarkerOutdated) || startsWithoutShim(text) ||
		strings.Contains(text, fmt.Sprintf("exit code: %d", protocol.StatusOutdated))
}
