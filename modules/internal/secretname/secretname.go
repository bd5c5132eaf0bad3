// Package secretname tells secrets of a pipeline apart without their values.
package secretname

import (
	"context"
	"fmt"

	"dagger.io/dagger"
)

// Of returns what tells a secret from others: its name and its origin. The name
// of a secret that is made from it may hold this, although it is part of what
// the engine caches.
func Of(ctx context.Context, secret *dagger.Secret) (string, error) {
	name, err := secret.Name(ctx)
	if err != nil {
		return "", fmt.Errorf("asking for the password's name: %w", err)
	}
	uri, err := secret.URI(ctx)
	if err != nil {
		return "", fmt.Errorf("asking for the password's origin: %w", err)
	}
	return name + "\x00" + uri, nil
}
