package main

import (
	"context"
	"fmt"

	"creditmsg/internal/server"
)

// simulatorVerb runs the simulators alone: of the providers, and of the payment gateways.
type simulatorVerb struct {
	Listen          string `required:"" placeholder:"HOST:PORT" help:"Address to answer at."`
	Seed            uint64 `placeholder:"N" help:"Makes delays and faults repeatable."`
	Scenario        string `placeholder:"FILE" help:"What goes wrong how often with messages, in YAML: seed, accept_delay, report_delay, answer_delay, refuse, fail, duplicate, reorder, late, http_429, http_5xx_before, http_5xx_after, cut, timeout, balance, lookup, senders, inspector, inspector_says."`
	ReportURL       string `name:"report-url" placeholder:"URL" help:"Where delivery reports go: …/webhooks/{provider}; without it nowhere."`
	ReportSecret    string `placeholder:"SECRET" help:"Secret that reports are signed with."`
	NoticeURL       string `name:"notice-url" placeholder:"URL" help:"Where notices of Toss payments go: …/webhooks/payments/{gateway}; without it nowhere."`
	StripeNoticeURL string `name:"stripe-notice-url" placeholder:"URL" help:"The same of Stripe payments."`
	LogLevel        string `enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
}

// Help is shown below the flags' own help.
func (simulatorVerb) Help() string {
	return `One address plays the providers Solapi, NHN Cloud, SENS, Aligo and SendGo and the payment gateways Toss and Stripe, each under its vendor's own paths, so that a configuration only changes the url. Messages: GET /_sim/received shows what phones got. Payments: GET /_sim/payments shows what payers paid, /_sim/checkout is the window in which they pay (Toss's is named as checkout_url), /_sim/deposit pays virtual accounts in; PUT /_sim/payments/scenario says what goes wrong.`
}

// Run serves until it is told to stop.
func (v *simulatorVerb) Run(ctx context.Context, s *streams) error {
	o := server.SimulatorOptions{Listen: v.Listen, Seed: v.Seed, Scenario: v.Scenario, ReportURL: v.ReportURL, ReportSecret: v.ReportSecret,
		NoticeURL: v.NoticeURL, StripeNoticeURL: v.StripeNoticeURL}
	return server.RunSimulator(ctx, o, server.NewLog(server.LogConfig{Level: v.LogLevel}, s.err), func(url string) {
		fmt.Fprintf(s.out, `simulator  %[1]s
received   %[1]s/_sim/received
api key    %[2]s
secret     %[3]s
toss       %[1]s (client key %[4]s, secret key %[5]s)
stripe     %[1]s (secret key %[6]s, webhook secret %[7]s)
payments   %[1]s/_sim/payments
checkout   %[1]s/_sim/checkout
deposit    %[1]s/_sim/deposit
`, url, server.SimulatorKey, server.SimulatorSecret, server.SimulatorClientKey, server.SimulatorSecretKey, server.SimulatorStripeKey, server.SimulatorStripeSignature)
	})
}

// openapiVerb prints the description of the API.
type openapiVerb struct {
	Downgrade string `help:"Say the same as OpenAPI 3.0, for generators that do not read 3.1." enum:",3.0" default:"" placeholder:"3.0"`
}

// Run prints the document.
func (v openapiVerb) Run(s *streams) error {
	document := server.OpenAPI
	if v.Downgrade != "" {
		document = server.OpenAPI30
	}
	text, err := document()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.out, "%s\n", text); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}
