package api

import (
	"context"
	"fmt"
	"path"

	graphql "github.com/graph-gophers/graphql-go"
	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

type httpArgs struct {
	URL, Name, Checksum     string
	Permissions             int32
	AuthHeader              graphql.ID
	ExperimentalServiceHost graphql.ID
}

// HTTP returns what a URL answers with. The daemon downloads it, unless a service
// has to be reached.
func (*Query) HTTP(ctx context.Context, args httpArgs) (*File, error) {
	q := queryOf(ctx)
	name := args.Name
	if name == "" {
		name = core.URLName(args.URL)
	}
	if path.Base(name) != name || name == ".." {
		return nil, fmt.Errorf("invalid file name %q: a name without slashes is needed", name)
	}
	var sum digest.Digest
	if args.Checksum != "" {
		var err error
		if sum, err = digest.Parse(args.Checksum); err != nil {
			return nil, fmt.Errorf("invalid checksum %q (expected sha256:…): %w", args.Checksum, err)
		}
	}
	var header *Secret
	if args.AuthHeader != "" {
		var err error
		if header, err = load[*Secret](q.srv, args.AuthHeader); err != nil {
			return nil, err
		}
	}
	id := q.derive("File", "http", args)
	if args.ExperimentalServiceHost != "" {
		return q.srv.httpFromService(ctx, id, name, sum, header, args)
	}
	opts := []llb.HTTPOption{llb.Filename(name), llb.WithCustomName("download " + core.RedactedURL(args.URL))}
	if args.Permissions != 0 {
		opts = append(opts, llb.Chmod(mode(args.Permissions)))
	}
	if sum != "" {
		opts = append(opts, llb.Checksum(sum))
	}
	if header != nil {
		opts = append(opts, llb.AuthHeaderSecret(header.id))
	}
	return &File{id, core.File{State: llb.HTTP(args.URL, opts...), Path: "/" + name, Platform: q.srv.session.Platform()}}, nil
}

// httpFromService has this machine download: it reaches services, the daemon does not.
func (s *Server) httpFromService(ctx context.Context, id node, name string, sum digest.Digest, header *Secret, args httpArgs) (*File, error) {
	service, err := s.containerService(args.ExperimentalServiceHost)
	if err != nil {
		return nil, err
	}
	d := core.Download{URL: args.URL, Name: name, Mode: mode(args.Permissions), Checksum: sum, Dial: core.ServiceDialer(s.session, service)}
	if header != nil {
		d.Authorization = header.value
	}
	v, err := s.loaded.File(ctx, s.session, id.digest, d, s.tempDir)
	return &File{id, v}, wrap(err)
}
