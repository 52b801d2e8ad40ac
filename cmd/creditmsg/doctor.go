package main

import (
	"context"
	"errors"

	"creditmsg/internal/server"
)

// doctorVerb looks for what is wrong with an installation.
type doctorVerb struct{ database }

// Help is shown below the flags' own help.
func (doctorVerb) Help() string {
	return `Exit code 0: nothing is wrong. 1: something is, and its line says what to do.`
}

var errUnwell = errors.New("something is wrong with the installation")

// Run looks.
func (v *doctorVerb) Run(ctx context.Context, s *streams) error {
	return v.actOn(ctx, s, server.OperatorOptions{AnySchema: true}, func(p *server.Operator) (any, func(*table), error) {
		h, err := p.Doctor(ctx)
		if err != nil {
			return nil, nil, err
		}
		if !h.OK {
			err = errUnwell
		}
		return h, func(t *table) {
			for _, c := range h.Checks {
				t.row(c.Status, c.Name, c.Detail)
			}
		}, err
	})
}
