package buildkit

import (
	"github.com/moby/buildkit/solver/pb"
)

// masked are the permissions that Docker's umask takes away, and keptMode some that
// it leaves.
const (
	masked   = 0o022
	keptMode = 0o644
)

// scratchInput is the input of actions that start from nothing.
const scratchInput = -1

// lowerFiles has files of exact permissions written: BuildKits before 0.33 leave those
// of a file that is there already, and Docker's umask takes some away. What writes
// such a file becomes three actions: an empty file at its place, which fails where
// that cannot be; its content on its own; and a copy of that, which says the
// permissions. It reports whether something has changed.
func lowerFiles(op *pb.FileOp, inputs int) bool {
	lowered := fileActions{inputs: inputs}
	for _, action := range op.Actions {
		lowered.move(action)
		file := action.GetMkfile()
		if file == nil || int(action.Input) == scratchInput && file.Mode&masked == 0 {
			lowered.add(action)
		} else {
			lowered.write(action, file)
		}
		lowered.moved = append(lowered.moved, lowered.last())
	}
	changed := len(lowered.all) > len(op.Actions)
	op.Actions = lowered.all
	return changed
}

// fileActions are the actions of a file operation that is being rewritten. Actions
// name what they work on by an index: those of the operation's inputs come before
// those of the actions.
type fileActions struct {
	inputs int
	all    []*pb.FileAction
	moved  []int64 // the index of each former action
}

func (f *fileActions) add(action *pb.FileAction) { f.all = append(f.all, action) }

func (f *fileActions) last() int64 { return int64(f.inputs + len(f.all) - 1) }

func (f *fileActions) index(old int64) int64 {
	if former := int(old) - f.inputs; former >= 0 {
		return f.moved[former]
	}
	return old
}

// move leads an action to what it has worked on before.
func (f *fileActions) move(action *pb.FileAction) {
	action.Input = f.index(action.Input)
	action.SecondaryInput = f.index(action.SecondaryInput)
	owner := action.GetMkfile().GetOwner()
	if dir := action.GetMkdir(); dir != nil {
		owner = dir.Owner
	}
	if copied := action.GetCopy(); copied != nil {
		owner = copied.Owner
	}
	for _, one := range []*pb.UserOpt{owner.GetUser(), owner.GetGroup()} {
		if named := one.GetByName(); named != nil {
			named.Input = f.index(named.Input)
		}
	}
}

// write adds the actions that write a file.
func (f *fileActions) write(action *pb.FileAction, file *pb.FileActionMkFile) {
	const source = "/content"
	f.add(&pb.FileAction{Input: action.Input, SecondaryInput: scratchInput, Output: scratchInput, Action: &pb.FileAction_Mkfile{
		Mkfile: &pb.FileActionMkFile{Path: file.Path, Mode: keptMode, Timestamp: file.Timestamp},
	}})
	place := f.last()
	f.add(&pb.FileAction{Input: scratchInput, SecondaryInput: scratchInput, Output: scratchInput, Action: &pb.FileAction_Mkfile{
		Mkfile: &pb.FileActionMkFile{Path: source, Mode: keptMode, Data: file.Data, Timestamp: file.Timestamp},
	}})
	f.add(&pb.FileAction{Input: place, SecondaryInput: f.last(), Output: action.Output, Action: &pb.FileAction_Copy{
		Copy: &pb.FileActionCopy{Src: source, Dest: file.Path, Mode: file.Mode, Owner: file.Owner, Timestamp: file.Timestamp},
	}})
}
