package buildkit

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/proto"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// define describes st for the daemon.
func (s *Session) define(ctx context.Context, st llb.State, platform ocispecs.Platform) (*llb.Definition, error) {
	def, err := st.Marshal(ctx, llb.Platform(platform))
	if err != nil {
		return nil, err
	}
	if err := s.check(def); err != nil {
		return nil, err
	}
	if def, err = s.lower(ctx, def); err != nil {
		return nil, err
	}
	if s.options.Interactive {
		s.failures.note(def)
	}
	return flatten(def, s.layerLimits())
}

// lower rewrites what the daemon does not know into what it knows: the difference
// of two trees and symbolic links become execs of the shim, the images of archives
// are loaded into Docker, and permissions are what they should be. On a daemon that knows all, def is returned.
func (s *Session) lower(ctx context.Context, def *llb.Definition) (*llb.Definition, error) {
	l := lowering{session: s, renamed: map[string]string{}}
	l.diff = !s.Has(pb.CapDiffOp)
	l.symlink = !s.Has(pb.CapFileSymlinkCreate)
	l.archive = s.docker.lacksLayouts() || !s.Has(pb.CapSourceOCILayout)
	l.umask = s.docker != nil
	if len(def.Def) == 0 || !l.diff && !l.symlink && !l.archive && !l.umask {
		return def, nil
	}
	l.out = &llb.Definition{Metadata: map[digest.Digest]llb.OpMetadata{}, Source: def.Source, Constraints: def.Constraints}
	for _, raw := range def.Def {
		if err := l.vertex(ctx, raw, def.Metadata[digest.FromBytes(raw)]); err != nil {
			return nil, err
		}
	}
	l.locations(def.Source)
	return l.out, nil
}

type lowering struct {
	session *Session
	// What the daemon lacks. Docker makes files under a umask.
	diff, symlink, archive, umask bool

	out     *llb.Definition
	renamed map[string]string // digests of vertices, old to new
}

// vertex adds an operation, or what stands for it.
func (l *lowering) vertex(ctx context.Context, raw []byte, meta llb.OpMetadata) error {
	var op pb.Op
	if err := op.UnmarshalVT(raw); err != nil {
		return fmt.Errorf("reading a definition: %w", err)
	}
	changed := false
	for _, input := range op.Inputs {
		if to, ok := l.renamed[input.Digest]; ok && to != input.Digest {
			input.Digest, changed = to, true
		}
	}
	var err error
	switch o := op.Op.(type) {
	case *pb.Op_Diff:
		if l.diff {
			changed, err = true, l.lowerDiff(ctx, &op, o.Diff)
		}
	case *pb.Op_File:
		if l.umask && lowerFiles(o.File, len(op.Inputs)) {
			changed = true
		}
		if l.symlink && hasSymlinks(o.File) {
			changed, err = true, l.lowerSymlinks(ctx, &op, o.File)
		}
	case *pb.Op_Source:
		if l.archive && strings.HasPrefix(o.Source.Identifier, layoutScheme) {
			changed, err = true, l.session.docker.lowerArchive(ctx, l.session.Stores, o.Source)
		}
	}
	if err != nil {
		return err
	}
	now := raw
	if changed {
		if now, err = (proto.MarshalOptions{Deterministic: true}).Marshal(&op); err != nil {
			return err
		}
		meta.Caps = nil
	}
	made := l.add(digest.FromBytes(raw).String(), now, meta)
	if modes := maskedModes(op.GetFile()); l.umask && len(modes) > 0 {
		return l.setModes(ctx, digest.FromBytes(raw).String(), made, &op, modes)
	}
	return nil
}

// maskedModes are the folders, each after its mode in octal, that are made with
// permissions that Docker's umask takes away.
func maskedModes(file *pb.FileOp) []string {
	var modes []string
	for _, action := range file.GetActions() {
		if dir := action.GetMkdir(); dir != nil && dir.Mode > 0 && dir.Mode&masked != 0 {
			modes = append(modes, strconv.FormatInt(int64(dir.Mode)&0o777, 8), dir.Path)
		}
	}
	return modes
}

// setModes follows a file operation by an exec that sets what the umask has
// taken away.
func (l *lowering) setModes(ctx context.Context, old string, made digest.Digest, op *pb.Op, modes []string) error {
	platform := op.Platform
	if platform == nil {
		platform = l.platform()
	}
	exec, err := l.helper(ctx, platform, protocol.ModesArgs(helperOut, modes)...)
	if err != nil {
		return err
	}
	exec.Mounts[0].Input = 0
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.Op{
		Op: &pb.Op_Exec{Exec: exec}, Platform: platform, Constraints: &pb.WorkerConstraints{}, Inputs: []*pb.Input{{Digest: made.String()}},
	})
	if err != nil {
		return err
	}
	l.add(old, raw, llb.OpMetadata{Description: map[string]string{"llb.customname": "[internal] set permissions"}})
	return nil
}

// platform is where helpers run for operations that say nothing of it.
func (l *lowering) platform() *pb.Platform {
	return &pb.Platform{OS: "linux", Architecture: l.session.platform.Architecture}
}

// add appends a vertex that was old before.
func (l *lowering) add(old string, raw []byte, meta llb.OpMetadata) digest.Digest {
	now := digest.FromBytes(raw)
	l.out.Def = append(l.out.Def, raw)
	l.out.Metadata[now] = meta
	if old != "" {
		l.renamed[old] = now.String()
	}
	return now
}

// locations leads what is known of source lines to the new digests.
func (l *lowering) locations(source *pb.Source) {
	if source == nil || len(source.Locations) == 0 {
		return
	}
	moved := &pb.Source{Infos: source.Infos, Locations: map[string]*pb.Locations{}}
	for old, at := range source.Locations {
		if now, ok := l.renamed[old]; ok {
			old = now
		}
		moved.Locations[old] = at
	}
	l.out.Source = moved
}

// helper describes an exec of the shim whose result 0 is what it leaves in
// helperOut, empty before. Mounts may be added.
func (l *lowering) helper(ctx context.Context, platform *pb.Platform, args ...string) (*pb.ExecOp, error) {
	arch := platform.GetArchitecture()
	_, shim, err := l.session.options.BuildShim(ctx, arch)
	if err != nil {
		return nil, fmt.Errorf("building the exec shim: %w", err)
	}
	program := protocol.BinDir + "/" + protocol.VersionName(shim)
	none := int64(pb.Empty)
	return &pb.ExecOp{
		Meta:    &pb.Meta{Args: append([]string{program}, args...), Cwd: "/"},
		Network: pb.NetMode_NONE,
		Mounts: []*pb.Mount{ // results in the order of mounts; the root must be one
			{Input: none, Dest: helperOut, Output: 0, MountType: pb.MountType_BIND},
			{Input: none, Dest: "/", Output: 1, MountType: pb.MountType_BIND},
			{
				Input: none, Dest: protocol.BinDir, Output: int64(pb.SkipOutput), Readonly: true, MountType: pb.MountType_CACHE,
				CacheOpt: &pb.CacheOpt{ID: shimCacheID(arch), Sharing: pb.CacheSharingOpt_SHARED},
			},
		},
	}, nil
}

// helperOut is where a helper leaves its result.
const helperOut = "/out"

func (l *lowering) lowerDiff(ctx context.Context, op *pb.Op, diff *pb.DiffOp) error {
	if op.Platform == nil {
		op.Platform = l.platform()
	}
	exec, err := l.helper(ctx, op.Platform, protocol.DiffArgs("/lower", "/upper", helperOut)...)
	if err != nil {
		return err
	}
	for _, m := range []*pb.Mount{
		{Input: diff.Lower.GetInput(), Dest: "/lower"},
		{Input: diff.Upper.GetInput(), Dest: "/upper"},
	} {
		m.Output, m.Readonly, m.MountType = int64(pb.SkipOutput), true, pb.MountType_BIND
		exec.Mounts = append(exec.Mounts, m)
	}
	op.Op = &pb.Op_Exec{Exec: exec}
	return nil
}

func hasSymlinks(file *pb.FileOp) bool {
	for _, action := range file.Actions {
		if action.GetSymlink() != nil {
			return true
		}
	}
	return false
}

// lowerSymlinks makes each symbolic link in a tree of its own and copies it.
func (l *lowering) lowerSymlinks(ctx context.Context, op *pb.Op, file *pb.FileOp) error {
	platform := op.Platform
	if platform == nil {
		platform = l.platform()
	}
	before := int64(len(op.Inputs))
	var links []*pb.FileAction
	for _, action := range file.Actions {
		symlink := action.GetSymlink()
		if symlink == nil {
			continue
		}
		made, err := l.makeLink(ctx, platform, symlink.Oldpath)
		if err != nil {
			return err
		}
		action.SecondaryInput = -int64(len(op.Inputs)) - 2 // set below, once results are shifted
		op.Inputs = append(op.Inputs, &pb.Input{Digest: made.String()})
		action.Action = &pb.FileAction_Copy{Copy: &pb.FileActionCopy{
			Src: "/link", Dest: symlink.Newpath, Owner: symlink.Owner, Mode: -1, Timestamp: symlink.Timestamp,
		}}
		links = append(links, action)
	}
	// Numbers from that of the inputs on mean results of earlier actions.
	added := int64(len(op.Inputs)) - before
	for _, action := range file.Actions {
		if action.Input >= before {
			action.Input += added
		}
		if action.SecondaryInput >= before {
			action.SecondaryInput += added
		}
	}
	for _, action := range links {
		action.SecondaryInput = -action.SecondaryInput - 2
	}
	return nil
}

// makeLink adds an exec that makes a link to target.
func (l *lowering) makeLink(ctx context.Context, platform *pb.Platform, target string) (digest.Digest, error) {
	exec, err := l.helper(ctx, platform, protocol.LinkArgs(target, helperOut+"/link")...)
	if err != nil {
		return "", err
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.Op{Op: &pb.Op_Exec{Exec: exec}, Platform: platform, Constraints: &pb.WorkerConstraints{}})
	if err != nil {
		return "", err
	}
	made := digest.FromBytes(raw)
	if _, ok := l.out.Metadata[made]; ok {
		return made, nil
	}
	return l.add("", raw, llb.OpMetadata{Description: map[string]string{"llb.customname": "[internal] make link"}}), nil
}
