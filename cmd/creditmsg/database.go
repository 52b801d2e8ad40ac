package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"creditmsg/client"
	"creditmsg/internal/fault"
	"creditmsg/internal/server"
)

// defaultConfig is read where --config names nothing and it is there.
const defaultConfig = "creditmsg.yaml"

// configured is what every verb takes that reads the configuration.
type configured struct {
	Config          string        `placeholder:"FILE" help:"Configuration file; without it creditmsg.yaml of this folder, if there is one. The environment (CREDITMSG_…) wins." group:"Installation"`
	WaitForDatabase time.Duration `placeholder:"15s" default:"15s" help:"How long a database server that is not there yet is waited for." group:"Installation"`
}

func (v configured) config() (server.Config, error) {
	path := v.Config
	if path == "" {
		_, err := os.Stat(defaultConfig)
		switch {
		case err == nil:
			path = defaultConfig
		case !errors.Is(err, fs.ErrNotExist):
			return server.Config{}, fmt.Errorf("look for a configuration: %w", err)
		}
	}
	return server.LoadConfig(path, os.Environ())
}

// database is what every verb takes that works on the database directly.
type database struct {
	configured
	JSON bool `name:"json" help:"Print one JSON object instead of text."`
}

// act opens the database, does one thing, and prints what came of it: the object as
// JSON, or text as table writes it.
func (v database) act(ctx context.Context, s *streams, do func(*server.Operator) (object any, table func(*table), err error)) error {
	return v.actOn(ctx, s, server.OperatorOptions{}, do)
}

func (v database) actOn(ctx context.Context, s *streams, o server.OperatorOptions, do func(*server.Operator) (object any, table func(*table), err error)) error {
	object, text, err := v.result(ctx, o, do)
	switch {
	case object == nil && v.JSON:
		return errors.Join(err, s.print(problem(err)))
	case object == nil:
		return err
	case v.JSON:
		return errors.Join(err, s.print(object))
	}
	t := newTable(s)
	text(t)
	return errors.Join(err, t.end())
}

// shown is the result of an act, as an object and as a table, or why there is none.
func shown[T any](one T, err error, show func(*table, T)) (object any, text func(*table), _ error) {
	if err != nil {
		return nil, nil, err
	}
	return one, func(t *table) { show(t, one) }, nil
}

func (v database) result(ctx context.Context, o server.OperatorOptions, do func(*server.Operator) (any, func(*table), error)) (any, func(*table), error) {
	config, err := v.config()
	if err != nil {
		return nil, nil, err
	}
	o.ConnectFor = v.WaitForDatabase
	p, err := server.OpenOperator(ctx, config, o)
	if err != nil {
		return nil, nil, err
	}
	defer p.Close()
	return do(p)
}

// problem is an error as --json prints it, in the form of the API.
func problem(err error) any {
	f := fault.Of(err)
	object := map[string]any{"type": "about:blank", "title": "failed", "code": f.Code, "detail": f.Public}
	if f.Kind == fault.Internal {
		object["detail"] = err.Error() // who reads this owns the installation
	}
	var places []map[string]string
	for _, p := range f.Fields {
		places = append(places, map[string]string{"pointer": p.Pointer, "detail": p.Detail, "code": p.Code})
	}
	if places != nil {
		object["errors"] = places
	}
	return object
}

// table writes lines whose columns stand under each other.
type table struct{ *tabwriter.Writer }

func newTable(s *streams) *table {
	return &table{tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)}
}

func (t *table) row(cells ...any) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(t, "\t")
		}
		fmt.Fprint(t, c)
	}
	fmt.Fprintln(t)
}

// say writes a line that is a sentence and has no columns.
func (t *table) say(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *table) end() error {
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// day shows a time for people, an absent one as a dash.
func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04")
}

// wonOf shows an amount of the ledger.
func wonOf(a fmt.Stringer) string { return won(client.Amount(a.String())) }

// count shows how many things there are: 1 entry, 2 entries, 3 days.
func count(n int64, thing string) string {
	if n != 1 {
		if stem, is := strings.CutSuffix(thing, "y"); is && thing != "day" {
			thing = stem + "ie"
		}
		thing += "s"
	}
	return grouped(n) + " " + thing
}

// each shows a list in one cell, an empty one as a dash.
func each(list []string) string {
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ", ")
}
