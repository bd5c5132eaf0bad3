package wire

// Where the carrier's container has what it works with.
const (
	BinDir    = "/carrier"
	VolumeDir = "/volume"
	StateDir  = "/state"
	FirstDir  = "/first"
)

// MeetingPlace is the socket in the container where the carrier waits for a client on
// the same machine.
const MeetingPlace = "/carrier.sock"

// TokenVariable is the environment variable by which a client tells its carrier from
// other processes.
const TokenVariable = "CARRIER_TOKEN"

// Operation is what the carrier is asked for.
type Operation string

// The operations.
const (
	// Restore fills a volume that is empty. The carrier answers whether it is; if so it
	// gets an index, the packs that the index names, in any order, and KindEnd.
	Restore Operation = "restore"
	// Save reads a volume. The carrier gets the index that is stored, empty if there is
	// none. It sends the packs that are missing, an answer, and the new index.
	Save Operation = "save"
)

// Request asks the carrier for something.
type Request struct {
	Op Operation
	// Name tells the volume from others: letters, digits and dashes.
	Name string
	// First says that the volume's first content is mounted at FirstDir.
	First bool
}

// Answer is what the carrier found.
type Answer struct {
	// Wanted says that the volume is to be restored.
	Wanted bool
	// Unchanged says that the volume is what the stored index describes.
	Unchanged bool
	// Files and Bytes count what the volume holds.
	Files int
	Bytes int64
	// Skipped counts what cannot travel: sockets and devices.
	Skipped int
	// Packs are all that the new index needs, stored or sent now.
	Packs []Pack
}

// PackNumber is the size of a pack's number within its index, which precedes the
// pack on its way to the carrier: big endian, in bytes.
const PackNumber = 4
