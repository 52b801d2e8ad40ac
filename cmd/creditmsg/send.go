package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"creditmsg/client"
	"creditmsg/internal/korea"
)

// sendVerb sends a message through the HTTP API.
type sendVerb struct {
	URL      string   `name:"url" env:"CREDITMSG_URL" placeholder:"URL" default:"http://127.0.0.1:8080" help:"Address of the server." group:"Server"`
	Token    string   `env:"CREDITMSG_TOKEN" placeholder:"TOKEN" required:"" help:"API token of the site (cm_live_…), or of its test site (cm_test_…)." group:"Server"`
	Strategy string   `enum:"alimtalk_first,sms_only,cost_optimized,policy" required:"" placeholder:"STRATEGY" help:"Way to the phone: alimtalk_first, sms_only, cost_optimized or policy." group:"Message"`
	Policy   string   `placeholder:"NAME" help:"The strategy of the site's own; of policy." group:"Message"`
	Template string   `placeholder:"CODE" help:"Code of the approved Alimtalk template." group:"Message"`
	Text     string   `xor:"text" placeholder:"TEXT" help:"Text message, with #{name} variables. With alimtalk_first it is the fallback." group:"Message"`
	TextFile string   `xor:"text" placeholder:"FILE" help:"File with the text message (UTF-8; - is standard input)." group:"Message"`
	Subject  string   `placeholder:"TEXT" help:"Subject of an LMS or MMS; dropped where the text is an SMS." group:"Message"`
	Attach   []string `sep:"none" placeholder:"FILE" help:"Picture that makes the text an MMS; repeated for more. It is uploaded, and kept for 7 days." group:"Message"`
	Resize   bool     `help:"Make pictures fit: a JPEG of at most 200,000 bytes and 1000 x 1000 dots, without what the camera noted in it." group:"Message"`
	From     string   `placeholder:"NUMBER" help:"Registered sender number; without it the site's default." group:"Message"`
	Title    string   `placeholder:"TEXT" help:"Name of the message in lists." group:"Message"`

	To       []string `xor:"recipients" required:"" placeholder:"NUMBER" help:"Phone number; repeated or comma-separated." group:"Recipients"`
	CSV      string   `name:"csv" xor:"recipients" required:"" placeholder:"FILE" help:"CSV file with a header, UTF-8 or CP949; every column beside the number is a variable (- is standard input)." group:"Recipients"`
	XLSX     string   `name:"xlsx" xor:"recipients" required:"" placeholder:"FILE" help:"The same as an Excel workbook, its cells as Excel shows them; rows that a filter hides are read too (- is standard input)." group:"Recipients"`
	Group    []string `xor:"recipients" required:"" placeholder:"GROUP" help:"Group of the address book (grp_…); repeated or comma-separated." group:"Recipients"`
	Sheet    string   `placeholder:"NAME" help:"Sheet of the workbook; without it the first that is not hidden." group:"Recipients"`
	ToColumn string   `placeholder:"COLUMN" help:"Column of the numbers; without it the first with a usual name, such as 전화번호, 휴대폰 or phone." group:"Recipients"`

	Advertising     bool   `help:"The text is an advertisement: (광고) in front and 무료수신거부 at its end are added where it lacks them." group:"Advertising"`
	OptOutNumber    string `placeholder:"NUMBER" help:"080 number to opt out by; without it the site's." group:"Advertising"`
	ConsentEvidence string `placeholder:"TEXT" help:"Where the consents of all recipients are kept. Without it each row of the list says when its recipient consented, in a column consent_at (수신동의일); a column night_consent (야간동의) says who may be reached at night." group:"Advertising"`
	Night           string `enum:"hold,refuse" default:"hold" help:"What becomes of who may not be reached at night: they wait until morning (hold), or are not sent to (refuse)." group:"Advertising"`

	At             string        `placeholder:"TIME" help:"When to send: RFC 3339, or \"2026-12-01 09:00\" in Korean time; without it now." group:"Sending"`
	Window         string        `placeholder:"FROM-UNTIL" help:"Part of the Korean day in which it goes, such as 09:00-18:00." group:"Sending"`
	PerMinute      int           `placeholder:"N" help:"How many recipients are let go a minute; without it as fast as it goes." group:"Sending"`
	Test           bool          `xor:"trial" help:"Try it out on the recipients, ten at most: at once, and charged like any other." group:"Sending"`
	Resumable      bool          `xor:"trial" help:"Upload the list in pieces first, so that a connection that breaks goes on where it was." group:"Sending"`
	Wait           bool          `xor:"end" help:"Wait until every outcome is known and show the progress." group:"Sending"`
	Timeout        time.Duration `default:"10m" help:"How long --wait waits; the server goes on after it." group:"Sending"`
	Notify         bool          `help:"Have the site's contacts told by mail when the message is done." group:"Sending"`
	DryRun         bool          `xor:"end,trial" help:"Show what it would cost; nothing is sent or held." group:"Sending"`
	IdempotencyKey string        `placeholder:"KEY" help:"Key under which the server sends at most once, however often the command is repeated; without it a random one." group:"Sending"`
	JSON           bool          `name:"json" help:"Print one JSON object instead of text." group:"Sending"`
}

// Help is shown below the flags' own help.
func (sendVerb) Help() string {
	return `Exit code 0: accepted, also when some recipients were rejected; with --wait: done.
1: refused, cancelled or timed out. 2: wrong command line.

Examples:
  creditmsg send --strategy sms_only --text "안녕하세요" --to 010-1234-5678
  creditmsg send --strategy alimtalk_first --template RESERVE_01 \
      --text "#{이름}님, 예약이 확정되었습니다." --csv people.csv --wait
  creditmsg send --strategy sms_only --text "여름 할인" --attach sale.png --resize --csv people.csv`
}

// Run sends, or estimates, and reports.
func (v *sendVerb) Run(ctx context.Context, s *streams) error {
	// A variable of the environment that is set but empty counts as absent.
	if v.Token == "" {
		return usageError{"missing flags: --token=TOKEN"}
	}
	v.URL = cmp.Or(v.URL, "http://127.0.0.1:8080")
	draft, err := v.draft(s.in)
	if err != nil {
		return err
	}
	c, err := client.New(v.URL, v.Token, client.Options{UserAgent: "creditmsg/" + versionText()})
	if err != nil {
		return usageError{err.Error()}
	}
	people, err := v.recipients(s.in)
	if err != nil {
		return v.failed(s, people, err)
	}
	defer people.close()
	job := &sending{verb: v, streams: s, client: c, people: people, progress: newProgress(s.err)}
	if err := v.attach(ctx, c, &draft); err != nil {
		return v.failed(s, people, err)
	}
	if v.DryRun {
		return job.estimate(ctx, draft)
	}
	return job.send(ctx, draft)
}

// draft is the message without its recipients.
func (v *sendVerb) draft(stdin io.Reader) (client.Draft, error) {
	d := client.Draft{Title: v.Title, Strategy: client.Strategy(v.Strategy), Policy: v.Policy, Key: v.IdempotencyKey, Groups: v.Group}
	if v.Notify {
		d.NotifyOnDone = &v.Notify
	}
	if d.Key == "" {
		d.Key = rand.Text()
	}
	if v.Template != "" {
		d.Alimtalk = &client.Alimtalk{TemplateCode: v.Template}
	}
	body, err := v.body(stdin)
	if err != nil {
		return d, err
	}
	switch {
	case body != "":
		d.Text = &client.Text{From: v.From, Subject: v.Subject, Body: body}
	case v.Advertising:
		return d, usageError{"--advertising belongs to a text: give --text or --text-file too"}
	case v.Subject != "" || v.From != "" || len(v.Attach) > 0:
		return d, usageError{"--subject, --from and --attach belong to a text: give --text or --text-file too"}
	}
	if v.Resize && len(v.Attach) == 0 {
		return d, usageError{"--resize belongs to --attach"}
	}
	if err := v.advertise(&d); err != nil {
		return d, err
	}
	if err := v.pace(&d); err != nil {
		return d, err
	}
	if v.At != "" {
		if d.ScheduledAt, err = korea.ParseTime(v.At); err != nil {
			return d, usageError{"--at: " + err.Error()}
		}
	}
	return d, v.checkFiles()
}

// pace says in which hours and how fast the message goes.
func (v *sendVerb) pace(d *client.Draft) error {
	if d.PerMinute = v.PerMinute; v.Window == "" {
		return nil
	}
	from, until, _ := strings.Cut(v.Window, "-")
	if _, err := korea.ParseHours(from, until); err != nil {
		return usageError{"--window: want two different times of day such as 09:00-18:00"}
	}
	d.SendWindow = &client.Hours{From: strings.TrimSpace(from), Until: strings.TrimSpace(until)}
	return nil
}

// checkFiles refuses flags that do not belong together.
func (v *sendVerb) checkFiles() error {
	switch {
	case v.ToColumn != "" && v.file() == "":
		return usageError{"--to-column belongs to --csv or --xlsx"}
	case v.Resumable && v.IdempotencyKey != "":
		return usageError{"--resumable and --idempotency-key do not go together: an upload is sent once by itself"}
	case v.Sheet != "" && v.XLSX == "":
		return usageError{"--sheet belongs to --xlsx"}
	case v.TextFile == "-" && v.file() == "-":
		return usageError{"--text-file and the list cannot both be standard input"}
	}
	return nil
}

// file is the one with the recipients; "" = there is none.
func (v *sendVerb) file() string { return cmp.Or(v.CSV, v.XLSX) }

// body is the text message. The line end that editors put at the end of a file would
// count as a byte of an SMS, so it goes.
func (v *sendVerb) body(stdin io.Reader) (string, error) {
	var data []byte
	var err error
	switch v.TextFile {
	case "":
		return v.Text, nil
	case "-":
		data, err = io.ReadAll(stdin)
	default:
		data, err = os.ReadFile(v.TextFile)
	}
	if err != nil {
		return "", fmt.Errorf("read the text: %w", err)
	}
	text := strings.TrimRight(strings.TrimPrefix(string(data), "\ufeff"), "\r\n")
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("read the text: %s is not UTF-8; save it as UTF-8", v.TextFile)
	}
	if text == "" {
		return "", fmt.Errorf("read the text: %s is empty", v.TextFile)
	}
	return text, nil
}

// sending is one run of the verb.
type sending struct {
	*streams
	verb     *sendVerb
	client   *client.Client
	people   *list
	progress *progress
}

func (j *sending) estimate(ctx context.Context, d client.Draft) error {
	var e client.Estimate
	err := j.prepare(&d)
	switch {
	case err != nil:
	case j.people.streams():
		e, err = j.client.EstimateStream(ctx, d, j.people.rows())
	default:
		e, err = j.client.Estimate(ctx, d)
	}
	if err != nil {
		return j.verb.failed(j.streams, j.people, withHint(err, j.verb.URL, ""))
	}
	if j.verb.JSON {
		return j.print(e.Raw)
	}
	j.summarizeEstimate(e)
	return nil
}

func (j *sending) send(ctx context.Context, d client.Draft) error {
	var m client.Message
	err := j.prepare(&d)
	switch {
	case err != nil:
	case j.verb.Test && j.people.streams():
		err = usageError{"--test tries it out on at most ten recipients"}
	case j.verb.Test:
		m, err = j.client.SendTest(ctx, d)
	case j.verb.Resumable:
		d.Recipients = nil
		m, err = j.client.SendResumable(ctx, d, j.progress.sending(j.people))
		j.progress.end()
	case j.people.streams():
		m, err = j.client.SendStream(ctx, d, j.progress.sending(j.people))
		j.progress.end()
	default:
		m, err = j.client.Send(ctx, d)
	}
	if err != nil {
		return j.verb.failed(j.streams, j.people, withHint(err, j.verb.URL, d.Key))
	}
	if !j.verb.JSON {
		j.summarizeAccepted(m)
	}
	if j.verb.Wait {
		return j.wait(ctx, m)
	}
	if j.verb.JSON {
		return j.print(j.withLines(m))
	}
	return nil
}

// prepare puts the recipients into the draft when they fit into one JSON request.
func (j *sending) prepare(d *client.Draft) error {
	if j.people.streams() {
		return nil
	}
	for r, err := range j.people.rows() {
		if err != nil {
			return err
		}
		d.Recipients = append(d.Recipients, r)
	}
	return nil
}

// wait waits for the outcome of an accepted message.
func (j *sending) wait(ctx context.Context, accepted client.Message) error {
	waiting, stop := context.WithTimeout(ctx, j.verb.Timeout)
	defer stop()
	last, err := j.client.Wait(waiting, accepted.ID, j.progress.waiting)
	j.progress.end()
	if last.ID == "" {
		last = accepted
	}
	if j.verb.JSON {
		if err := j.print(j.final(accepted, last)); err != nil {
			return err
		}
	} else if err == nil {
		j.summarizeOutcome(last)
	}
	switch {
	case err == nil && last.Status == client.StatusDone:
		return nil
	case err == nil:
		return fmt.Errorf("message %s was cancelled", accepted.ID)
	case errors.Is(err, context.DeadlineExceeded):
		return &hintError{fmt.Errorf("message %s is not done after %s: %s", accepted.ID, j.verb.Timeout, standing(last)),
			"the server goes on with it; a longer --timeout waits longer"}
	case ctx.Err() != nil:
		return &hintError{fmt.Errorf("stopped waiting for message %s: %s", accepted.ID, standing(last)),
			"the server goes on with it; POST /v1/messages/" + accepted.ID + "/cancel stops it"}
	default:
		return withHint(fmt.Errorf("wait for message %s: %w", accepted.ID, err), j.verb.URL, "")
	}
}
