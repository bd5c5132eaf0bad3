package api

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
	"github.com/bodkin-ci/bodkin/engine/internal/gitrepo"
)

// tokenUser is who logs in with a token where the pipeline names nobody: hosts
// accept any name, or this one.
const tokenUser = "x-access-token"

// GitRepository is the API's GitRepository.
type GitRepository struct {
	node
	v core.GitRepository
}

// ID makes the object loadable.
func (r *GitRepository) ID() graphql.ID { return r.register(r) }

type gitArgs struct {
	URL                           string
	KeepGitDir                    bool
	SSHKnownHosts                 string
	SSHAuthSocket                 graphql.ID
	HTTPAuthUsername              string
	HTTPAuthToken, HTTPAuthHeader graphql.ID
	ExperimentalServiceHost       graphql.ID
}

// Git returns a git repository.
func (*Query) Git(ctx context.Context, args gitArgs) (*GitRepository, error) {
	q := queryOf(ctx)
	access, err := q.srv.gitAccess(args)
	if err != nil {
		return nil, err
	}
	id := q.derive("GitRepository", "git", args)
	v, err := q.srv.gitRepository(ctx, args.URL, id.digest, access)
	v.Discard = !args.KeepGitDir
	return &GitRepository{id, v}, wrap(err)
}

// gitAccess is how to log in at a repository.
func (s *Server) gitAccess(args gitArgs) (gitrepo.Access, error) {
	access := gitrepo.Access{KnownHosts: args.SSHKnownHosts, Agent: os.Getenv("SSH_AUTH_SOCK")}
	if args.SSHAuthSocket != "" {
		socket, err := load[*Socket](s, args.SSHAuthSocket)
		if err != nil {
			return access, err
		}
		access.Agent = socket.path
	}
	switch {
	case args.HTTPAuthToken != "":
		secret, err := load[*Secret](s, args.HTTPAuthToken)
		if err != nil {
			return access, err
		}
		name := args.HTTPAuthUsername
		if name == "" {
			name = tokenUser
		}
		access.Authorization = func(ctx context.Context) (string, error) {
			token, err := secret.value(ctx)
			return gitrepo.BasicAuthorization(name, strings.TrimSpace(string(token))), err
		}
	case args.HTTPAuthHeader != "":
		secret, err := load[*Secret](s, args.HTTPAuthHeader)
		if err != nil {
			return access, err
		}
		access.Authorization = func(ctx context.Context) (string, error) {
			header, err := secret.value(ctx)
			return strings.TrimSpace(string(header)), err
		}
	}
	if args.ExperimentalServiceHost != "" {
		service, err := s.containerService(args.ExperimentalServiceHost)
		if err != nil {
			return access, err
		}
		access.Dial = core.ServiceDialer(s.session, service)
	}
	return access, nil
}

// URL is the repository's address, or nothing.
func (r *GitRepository) URL() *string {
	if r.v.URL == "" {
		return nil
	}
	return &r.v.URL
}

func (r *GitRepository) git() *core.Git { return &r.srv.git }

func (r *GitRepository) at(ctx context.Context, field string, args any, name string) (*GitRef, error) {
	v, err := r.git().Ref(ctx, r.v, name)
	return r.found(field, args, v, err)
}

// found is a ref. What it stands for is part of what it is.
func (r *GitRepository) found(field string, args any, v core.GitRef, err error) (*GitRef, error) {
	if err != nil {
		return nil, wrap(err)
	}
	return &GitRef{r.derive("GitRef", field, []any{args, v.Ref}), r, v}, nil
}

// Head is what HEAD stands for.
func (r *GitRepository) Head(ctx context.Context) (*GitRef, error) {
	return r.at(ctx, "head", nil, "HEAD")
}

// Ref finds a branch, a tag, a whole name or a commit.
func (r *GitRepository) Ref(ctx context.Context, args nameArgs) (*GitRef, error) {
	return r.at(ctx, "ref", args, args.Name)
}

// Branch finds a branch.
func (r *GitRepository) Branch(ctx context.Context, args nameArgs) (*GitRef, error) {
	return r.at(ctx, "branch", args, "refs/heads/"+strings.TrimPrefix(args.Name, "refs/heads/"))
}

// Tag finds a tag.
func (r *GitRepository) Tag(ctx context.Context, args nameArgs) (*GitRef, error) {
	return r.at(ctx, "tag", args, "refs/tags/"+strings.TrimPrefix(args.Name, "refs/tags/"))
}

// Commit returns a commit by its ID.
func (r *GitRepository) Commit(args struct{ ID string }) (*GitRef, error) {
	v, err := r.git().Commit(r.v, args.ID)
	return r.found("commit", args, v, err)
}

// LatestVersion finds the tag with the highest semantic version.
func (r *GitRepository) LatestVersion(ctx context.Context) (*GitRef, error) {
	v, err := r.git().LatestVersion(ctx, r.v)
	return r.found("latestVersion", nil, v, err)
}

type patternArgs struct{ Patterns []string }

// Branches lists the branches that match any of the patterns.
func (r *GitRepository) Branches(ctx context.Context, args patternArgs) ([]string, error) {
	listing, err := r.git().Listing(ctx, r.v)
	if err != nil {
		return nil, wrap(err)
	}
	return listing.Branches(args.Patterns)
}

// Tags lists the tags that match any of the patterns.
func (r *GitRepository) Tags(ctx context.Context, args patternArgs) ([]string, error) {
	listing, err := r.git().Listing(ctx, r.v)
	if err != nil {
		return nil, wrap(err)
	}
	return listing.Tags(args.Patterns)
}

// GitRef is the API's GitRef.
type GitRef struct {
	node
	repo *GitRepository
	v    core.GitRef
}

// ID makes the object loadable.
func (r *GitRef) ID() graphql.ID { return r.register(r) }

// Commit is the commit's ID.
func (r *GitRef) Commit() string { return r.v.Ref.Commit }

// Ref is the whole name, or the commit's ID where there is none.
func (r *GitRef) Ref() string {
	if r.v.Name == "" {
		return r.v.Ref.Commit
	}
	return r.v.Name
}

// CommonAncestor is the best commit that both histories have.
func (r *GitRef) CommonAncestor(ctx context.Context, args struct{ Other graphql.ID }) (*GitRef, error) {
	other, err := load[*GitRef](r.srv, args.Other)
	if err != nil {
		return nil, err
	}
	v, err := r.repo.git().CommonAncestor(ctx, r.v, other.v)
	if err != nil {
		return nil, wrap(err)
	}
	return &GitRef{r.derive("GitRef", "commonAncestor", args), r.repo, v}, nil
}

type treeArgs struct {
	DiscardGitDir bool
	Depth         int32
	IncludeTags   bool
}

// Tree is the files of the commit.
func (r *GitRef) Tree(ctx context.Context, args treeArgs) (*Directory, error) {
	v, err := r.repo.git().Tree(ctx, r.srv.session, r.v, core.GitTreeOptions{
		DiscardGitDir: args.DiscardGitDir, Depth: int(args.Depth), IncludeTags: args.IncludeTags,
	})
	if err != nil {
		return nil, wrap(err)
	}
	return &Directory{r.derive("Directory", "tree", args), v}, nil
}

// AsGit makes a git repository of the directory.
func (d *Directory) AsGit() *GitRepository {
	id := d.derive("GitRepository", "asGit", nil)
	if known, err := load[*GitRepository](d.srv, graphql.ID(id.typ+"@"+id.digest)); err == nil {
		return known
	}
	r := &GitRepository{id, d.v.AsGit(d.srv.session, id.digest, d.srv.tempDir)}
	r.ID()
	known, _ := load[*GitRepository](d.srv, r.ID())
	return known
}

// gitRepository finds the repository at an address. One that names no transport is
// reached by HTTPS, or, where that wants a login and there is an SSH agent, by SSH.
func (s *Server) gitRepository(ctx context.Context, address, key string, access gitrepo.Access) (core.GitRepository, error) {
	u, err := gitrepo.ParseURL(address)
	guess := errors.Is(err, gitrepo.ErrNoTransport)
	if guess && (address == "" || strings.ContainsRune("/.~", rune(address[0]))) {
		return core.GitRepository{}, fmt.Errorf("%w: for a folder of this machine, use file:// and its absolute path, or asGit of its directory", err)
	}
	if guess {
		u, err = gitrepo.ParseURL("https://" + address)
	}
	if err != nil {
		return core.GitRepository{}, err
	}
	found := core.GitRepository{Repo: gitrepo.Remote(u, access), Key: key, URL: u.String()}
	if !guess || access.Agent == "" || access.Authorization != nil {
		return found, nil
	}
	var denied *gitrepo.AccessError
	if _, err := s.git.Listing(ctx, found); errors.As(err, &denied) && denied.Denied {
		if u, err = gitrepo.ParseURL("ssh://" + address); err == nil {
			return core.GitRepository{Repo: gitrepo.Remote(u, access), Key: key, URL: u.String()}, nil
		}
	}
	return found, nil
}

// LoadGitRepositoryFromID loads a git repository.
func (*Query) LoadGitRepositoryFromID(ctx context.Context, a idArgs) (*GitRepository, error) {
	return load[*GitRepository](queryOf(ctx).srv, a.ID)
}

// LoadGitRefFromID loads a ref of a git repository.
func (*Query) LoadGitRefFromID(ctx context.Context, a idArgs) (*GitRef, error) {
	return load[*GitRef](queryOf(ctx).srv, a.ID)
}

// ToGitRepository is for GraphQL's inline fragments.
func (n *Node) ToGitRepository() (*GitRepository, bool) { return to[*GitRepository](n) }

// ToGitRef is for GraphQL's inline fragments.
func (n *Node) ToGitRef() (*GitRef, bool) { return to[*GitRef](n) }

// Uncommitted are the changes in the repository's directory since its commit.
func (r *GitRepository) Uncommitted(ctx context.Context) (*Changeset, error) {
	v, err := r.git().Uncommitted(ctx, r.srv.session, r.v, r.srv.tempDir)
	if err != nil {
		return nil, wrap(err)
	}
	return changesetOf(r.derive("Changeset", "uncommitted", nil), v), nil
}
