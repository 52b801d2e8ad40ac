// Command creditmsg is Credit Messaging: the server, its operator's tools and a
// client of its HTTP API in one program.
//
// What every verb promises: --help explains it; the exit code is 0 when the verb did
// what was asked, 1 when it failed and 2 when the command line itself was wrong; what
// was asked for goes to standard output, everything else to standard error; with
// --json standard output holds exactly one JSON object. SIGINT and SIGTERM end a verb
// in order.
//
// Reading order: main.go (the tree of verbs), failure.go (how an error is told), then
// one file per verb, the larger ones with helpers beside them (send.go: send_list.go
// reads the recipients, send_reply.go writes JSON, send_summary.go writes for people,
// progress.go shows the waiting).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"creditmsg/internal/server"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// version is set by the linker in a release build.
var version = ""

// streams is what a verb reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// program is the tree of verbs.
type program struct {
	Version kong.VersionFlag `help:"Print the version and exit."`

	Serve      serveVerb      `cmd:"" help:"Run a process of the installation: API, worker, simulator."`
	Migrate    migrateVerb    `cmd:"" help:"Bring the database's schema up to date."`
	Site       siteVerb       `cmd:"" help:"Tenants."`
	Plan       planVerb       `cmd:"" help:"Price lists that sites share."`
	Credit     creditVerb     `cmd:"" help:"Credit of a site."`
	Payment    paymentVerb    `cmd:"" help:"What sites pay."`
	Series     seriesVerb     `cmd:"" help:"Messages that sites send again and again."`
	Webhook    webhookVerb    `cmd:"" help:"Where sites have their events sent."`
	Review     reviewVerb     `cmd:"" help:"Messages that wait for a second person."`
	Withdrawal withdrawalVerb `cmd:"" help:"Unused paid credit that sites want back."`
	Provider   providerVerb   `cmd:"" help:"What is left at the provider accounts."`
	Sender     senderVerb     `cmd:"" help:"Sender numbers of a site."`
	Channel    channelVerb    `cmd:"" help:"Kakao channels of a site."`
	Template   templateVerb   `cmd:"" help:"Alimtalk templates of a site."`
	Policy     policyVerb     `cmd:"" help:"Strategies of sites' own."`
	OptOut     optOutVerb     `cmd:"" name:"opt-out" help:"Whom a site may not write to."`
	Blocked    blockedVerb    `cmd:"" name:"blocked-word" help:"Words that texts must not have."`
	Token      tokenVerb      `cmd:"" help:"API tokens."`
	User       userVerb       `cmd:"" help:"People with accounts."`
	Role       roleVerb       `cmd:"" help:"Names for what people may do."`
	Send       sendVerb       `cmd:"" help:"Send a message to a list of recipients, through the HTTP API."`
	Statement  statementVerb  `cmd:"" help:"Write the statement of a site's month."`
	Compliance complianceVerb `cmd:"" help:"Evidence of how a message was checked."`
	Tax        taxVerb        `cmd:"" name:"tax-invoices" help:"List, write and issue the tax invoices of a month."`
	Stats      statsVerb      `cmd:"" help:"Count what became of recipients."`
	Margin     marginVerb     `cmd:"" help:"What sites pay, less what the vendors charge."`
	Ledger     ledgerVerb     `cmd:"" help:"Proof of the ledger."`
	Invoice    invoiceVerb    `cmd:"" help:"What carriers bill, against what was charged and reported."`
	Audit      auditVerb      `cmd:"" help:"Who changed what."`
	Inbox      inboxVerb      `cmd:"" help:"Delivery reports as they came, and reading them again."`
	Doctor     doctorVerb     `cmd:"" help:"Look for what is wrong with the installation."`
	Simulator  simulatorVerb  `cmd:"" help:"Run the simulators of provider and payment gateways alone."`
	Bench      benchVerb      `cmd:"" help:"Measure the product beside the plainest program that does the same."`
	OpenAPI    openapiVerb    `cmd:"" name:"openapi" help:"Print the OpenAPI 3.1 document of the HTTP API."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := realMain(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	runtime.KeepAlive(ballast)
	os.Exit(code)
}

// realMain is main without the process: it runs the verb that args name until it is
// done or ctx ends, and returns the exit code.
func realMain(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	s := &streams{in: stdin, out: stdout, err: stderr}
	var p program
	ended := -1 // --help and --version end the parsing through Exit
	parser, err := kong.New(&p,
		kong.Name("creditmsg"),
		kong.Description("Credit Messaging sends Alimtalk, SMS, LMS and MMS on prepaid credit."),
		kong.Vars{"version": "creditmsg " + versionText()},
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { ended = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
	if err != nil {
		fmt.Fprintln(stderr, "creditmsg: build the command line:", err)
		return exitFailed
	}
	verb, err := parser.Parse(shielded(args))
	if ended >= 0 {
		return ended
	}
	if err != nil {
		return s.usage(err)
	}
	name, _, _ := strings.Cut(verb.Command(), " <")
	verb.BindTo(server.AsCommand(ctx, decider{}.name(), name), (*context.Context)(nil))
	err = verb.Run()
	if wrong, ok := errors.AsType[usageError](err); ok {
		return s.usage(wrong)
	}
	if err != nil {
		s.tell(err)
		return exitFailed
	}
	return exitDone
}

// usage tells that the command line is wrong.
func (s *streams) usage(err error) int {
	fmt.Fprintf(s.err, "creditmsg: %v\nSee: creditmsg --help\n", err)
	return exitUsage
}

// versionText is the release's version, or where the source stood.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development"
	}
	return info.Main.Version
}
