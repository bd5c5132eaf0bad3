package api

import "context"

// Digest is that of everything in the directory but times.
func (d *Directory) Digest(ctx context.Context) (string, error) {
	sum, err := d.v.Digest(ctx, d.srv.session)
	return sum, wrap(err)
}

// FindUp looks for a name in a folder and in those above it.
func (d *Directory) FindUp(ctx context.Context, args struct{ Name, Start string }) (*string, error) {
	found, err := d.v.FindUp(ctx, d.srv.session, args.Name, args.Start)
	if err != nil || found == "" {
		return nil, wrap(err)
	}
	return &found, nil
}
