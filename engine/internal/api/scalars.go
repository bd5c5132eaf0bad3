package api

import (
	"encoding/json"
	"fmt"

	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Platform is the Platform scalar.
type Platform string

// ImplementsGraphQLType implements the library's decoding of scalars.
func (Platform) ImplementsGraphQLType(name string) bool { return name == "Platform" }

// UnmarshalGraphQL implements the library's decoding of scalars.
func (p *Platform) UnmarshalGraphQL(input any) error {
	s, ok := input.(string)
	if !ok {
		return fmt.Errorf("a platform is a string, not %T", input)
	}
	*p = Platform(s)
	return nil
}

// parse returns the platform, or def for the empty one.
func (p Platform) parse(def ocispecs.Platform) (ocispecs.Platform, error) {
	if p == "" {
		return def, nil
	}
	parsed, err := platforms.Parse(string(p))
	if err != nil {
		return parsed, fmt.Errorf("invalid platform %q (expected something like linux/amd64): %w", string(p), err)
	}
	return platforms.Normalize(parsed), nil
}

func formatPlatform(p ocispecs.Platform) Platform { return Platform(platforms.Format(p)) }

// Void is the Void scalar: nothing.
type Void struct{}

// ImplementsGraphQLType implements the library's decoding of scalars.
func (Void) ImplementsGraphQLType(name string) bool { return name == "Void" }

// UnmarshalGraphQL implements the library's decoding of scalars.
func (*Void) UnmarshalGraphQL(any) error { return nil }

// MarshalJSON writes null.
func (Void) MarshalJSON() ([]byte, error) { return json.Marshal(nil) }
