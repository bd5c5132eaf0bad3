package api

import (
	gqlerrors "github.com/graph-gophers/graphql-go/errors"
)

// mask takes the values of secrets out of an error.
func (s *Server) mask(err *gqlerrors.QueryError) {
	secrets := s.session.Secrets
	err.Message = secrets.Mask(err.Message)
	masked := make(map[string]any, len(err.Extensions))
	for name, value := range err.Extensions {
		switch v := value.(type) {
		case string:
			value = secrets.Mask(v)
		case []string:
			all := make([]string, len(v))
			for i, text := range v {
				all[i] = secrets.Mask(text)
			}
			value = all
		}
		masked[name] = value
	}
	if err.Extensions != nil {
		err.Extensions = masked
	}
}
