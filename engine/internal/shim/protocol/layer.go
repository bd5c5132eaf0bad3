package protocol

import "strings"

// LayerArgs are the shim's arguments, after its own name, that have it write to
// stdout, as a tar, what the tree upper has over lower: whatever is new or has another
// type, content, owner, mode, attribute or hard-link partner, the folders above it,
// and an entry with WhiteoutPrefix for each path that is gone. Times are not
// compared, and left out.
func LayerArgs(lower, upper string) []string { return []string{"layer", lower, upper} }

// WhiteoutPrefix begins the names of a layer's entries that remove a path of the
// layers below.
const WhiteoutPrefix = ".wh."

// AttributeRecord begins the PAX records of a tar that hold extended attributes.
const AttributeRecord = "SCHILY.xattr."

// KeepAttribute tells extended attributes that say what a file is (capabilities, access
// lists, the program's own) from those that the building machine's kernel or
// storage driver leaves behind (SELinux labels, overlay marks, signatures).
func KeepAttribute(name string) bool {
	switch name {
	case "security.capability", "system.posix_acl_access", "system.posix_acl_default":
		return true
	}
	return strings.HasPrefix(name, "user.") &&
		!strings.HasPrefix(name, "user.overlay.") && !strings.HasPrefix(name, "user.fuseoverlayfs.")
}
