package main

import (
	"context"
	"fmt"

	"creditmsg/internal/server"
)

// simulatorVerb runs the provider simulator alone.
type simulatorVerb struct {
	Listen       string `required:"" placeholder:"HOST:PORT" help:"Address to answer at."`
	Seed         uint64 `placeholder:"N" help:"Makes delays and faults repeatable."`
	Scenario     string `placeholder:"FILE" help:"What goes wrong how often, in YAML: seed, accept_delay, report_delay, answer_delay, refuse, fail, duplicate, reorder, late, http_429, http_5xx_before, http_5xx_after, cut, timeout, balance, lookup."`
	ReportURL    string `name:"report-url" placeholder:"URL" help:"Where delivery reports go: …/webhooks/{provider}; without it nowhere."`
	ReportSecret string `placeholder:"SECRET" help:"Secret that reports are signed with."`
	LogLevel     string `enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
}

// Run serves until it is told to stop.
func (v *simulatorVerb) Run(ctx context.Context, s *streams) error {
	o := server.SimulatorOptions{Listen: v.Listen, Seed: v.Seed, Scenario: v.Scenario, ReportURL: v.ReportURL, ReportSecret: v.ReportSecret}
	return server.RunSimulator(ctx, o, server.NewLog(server.LogConfig{Level: v.LogLevel}, s.err), func(url string) {
		fmt.Fprintf(s.out, "simulator  %s\nreceived   %s/_sim/received\napi key    %s\nsecret     %s\n", url, url, server.SimulatorKey, server.SimulatorSecret)
	})
}

// openapiVerb prints the description of the API.
type openapiVerb struct{}

// Run prints the document.
func (openapiVerb) Run(s *streams) error {
	text, err := server.OpenAPI()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.out, "%s\n", text); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}
