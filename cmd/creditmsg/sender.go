package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"creditmsg/internal/server"
)

// senderVerb works on sender numbers.
type senderVerb struct {
	Add      senderAdd      `cmd:"" help:"Register an approved sender number; a site's first is its default."`
	List     senderList     `cmd:"" help:"List a site's sender numbers, with the documents by which it asks for them; also those that were removed and of which documents stay."`
	Document senderDocument `cmd:"" help:"Get a document."`
	Approve  senderApprove  `cmd:"" help:"Approve a number: texts can be sent from it."`
	Reject   senderReject   `cmd:"" help:"Reject a number; its site can ask again."`
	Block    senderBlock    `cmd:"" help:"Block a number: nothing is sent from it any more."`
	Remove   senderRemove   `cmd:"" help:"Remove a number, also a blocked one; the documents by which it was decided on stay."`
}

type senderList struct {
	Site string `arg:"" help:"The site."`
	database
}

// Run lists them.
func (v *senderList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.Senders(ctx, v.Site)
		return shown(list, err, func(t *table, l server.List[server.Sender]) { showSenders(t, l.Data...) })
	})
}

func showSenders(t *table, list ...server.Sender) {
	t.row("NUMBER", "STATE", "DEFAULT", "REASON", "DOCUMENT", "KIND", "ADDED", "NAME")
	for _, one := range list {
		byDefault := ""
		if one.Default {
			byDefault = "yes"
		}
		t.row(one.Number, one.State, byDefault, one.Reason, "", "", "", "")
		for _, d := range one.Documents {
			t.row("", "", "", "", d.ID, d.Kind, minute(d.AddedAt), d.Name)
		}
	}
}

// oneSender names a number.
type oneSender struct {
	Site   string `arg:"" help:"The site."`
	Number string `arg:"" help:"The number, such as 02-6123-4567."`
}

type senderDocument struct {
	oneSender
	ID  string `arg:"" help:"The document: doc_…"`
	Out string `required:"" placeholder:"FILE" help:"Where to write it (- is standard output)."`
	database
}

// Run writes the document to a file.
func (v *senderDocument) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		content, err := p.SenderDocument(ctx, v.Site, v.Number, v.ID)
		if err == nil && v.Out == "-" {
			_, err = s.out.Write(content)
			return map[string]string{}, func(*table) {}, err
		}
		if err == nil {
			err = os.WriteFile(v.Out, content, 0o600)
		}
		return shown(map[string]any{"file": v.Out, "bytes": len(content)}, err, func(t *table, _ map[string]any) { t.say("%s: %d bytes", v.Out, len(content)) })
	})
}

type senderApprove struct {
	oneSender
	database
}

// Run approves the number.
func (v *senderApprove) Run(ctx context.Context, s *streams) error {
	return v.decide(ctx, s, v.database, "approved", "")
}

type senderReject struct {
	oneSender
	Reason string `required:"" placeholder:"TEXT" help:"Why, for the site."`
	database
}

// Run rejects the number.
func (v *senderReject) Run(ctx context.Context, s *streams) error {
	return v.decide(ctx, s, v.database, "rejected", v.Reason)
}

type senderBlock struct {
	oneSender
	Reason string `required:"" placeholder:"TEXT" help:"Why, for the site."`
	database
}

// Run blocks the number.
func (v *senderBlock) Run(ctx context.Context, s *streams) error {
	return v.decide(ctx, s, v.database, "blocked", v.Reason)
}

type senderRemove struct {
	oneSender
	database
}

// Run removes the number.
func (v *senderRemove) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		err := p.RemoveSender(ctx, v.Site, v.Number)
		return shown(map[string]string{"number": v.Number}, err, func(t *table, _ map[string]string) { t.say("%s is removed", v.Number) })
	})
}

func (v *oneSender) decide(ctx context.Context, s *streams, d database, state, reason string) error {
	return d.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		one, err := p.DecideSender(ctx, v.Site, v.Number, state, reason)
		return shown(one, err, func(t *table, n server.Sender) { showSenders(t, n) })
	})
}

type senderAdd struct {
	Site   string `arg:"" help:"The site."`
	Number string `arg:"" help:"The number, such as 02-6123-4567."`
	database
}

// Run registers the number.
func (v *senderAdd) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		n, err := p.AddSender(ctx, v.Site, v.Number)
		if err != nil {
			return nil, nil, err
		}
		return n, func(t *table) {
			state := n.State
			if n.Default {
				state += ", the default of " + v.Site
			}
			t.row(n.Number, state)
		}, nil
	})
}

// channelVerb works on Kakao channels.
type channelVerb struct {
	Add channelAdd `cmd:"" help:"Register a Kakao channel."`
}

type channelAdd struct {
	Site      string   `arg:"" help:"The site."`
	Name      string   `arg:"" help:"Search name of the channel with its @, such as @my-shop."`
	SenderKey string   `required:"" placeholder:"KEY" help:"Sender key that Kakao gave the channel."`
	Provider  []string `placeholder:"NAME=CHANNEL_ID" help:"What a provider account calls the channel; repeated. Without it accounts that point at the simulator get a made-up id."`
	database
}

// Run registers the channel.
func (v *channelAdd) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		c, err := p.AddChannel(ctx, v.Site, v.Name, v.SenderKey, v.Provider)
		if err != nil {
			return nil, nil, err
		}
		return c, func(t *table) {
			t.row("channel", c.Name)
			t.row("known to", each(slices.Sorted(maps.Keys(c.Providers))))
		}, nil
	})
}

// templateVerb works on Alimtalk templates.
type templateVerb struct {
	Add      templateAdd      `cmd:"" help:"Register an Alimtalk template."`
	Show     templateShow     `cmd:"" help:"Where a template stands at each provider account."`
	Submit   templateSubmit   `cmd:"" help:"Have a template registered and inspected at the vendors."`
	Withdraw templateWithdraw `cmd:"" help:"Take a template out of its inspection."`
	Release  templateRelease  `cmd:"" help:"Wake a template that has become dormant."`
	Sync     templateSync     `cmd:"" help:"Have the vendors asked where a template stands."`
}

type templateAdd struct {
	Site     string   `arg:"" help:"The site."`
	Code     string   `arg:"" help:"Code by which messages name the template."`
	Channel  string   `required:"" placeholder:"@NAME" help:"Kakao channel that it belongs to."`
	BodyFile string   `required:"" placeholder:"FILE" help:"File with the text, with its #{name} variables (- is standard input)."`
	Buttons  string   `placeholder:"FILE" help:"File with the buttons, a JSON list as in the API."`
	Parts    string   `placeholder:"FILE" help:"File with quick_replies, emphasis, item_list, extra, category and secure, a JSON object as in the API."`
	Name     string   `placeholder:"NAME" help:"What people call it; without it the code."`
	State    string   `default:"draft" placeholder:"STATE" help:"draft (the default), inspecting, approved, rejected, dormant or blocked; only an approved one can be sent."`
	Provider []string `placeholder:"NAME=CHANNEL_ID:TEMPLATE_ID" help:"What a provider account calls channel and template; repeated. Without it accounts that point at the simulator get made-up ids."`
	database
}

// Run registers the template.
func (v *templateAdd) Run(ctx context.Context, s *streams) error {
	body, err := readText(s.in, v.BodyFile)
	if err != nil {
		return err
	}
	n := server.NewTemplate{Site: v.Site, Code: v.Code, Name: v.Name, Channel: v.Channel, Body: string(body), State: v.State, Providers: v.Provider}
	if v.Buttons != "" {
		if n.Buttons, err = readText(s.in, v.Buttons); err != nil {
			return err
		}
	}
	if v.Parts != "" {
		if n.Parts, err = readText(s.in, v.Parts); err != nil {
			return err
		}
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		made, err := p.AddTemplate(ctx, n)
		if err != nil {
			return nil, nil, err
		}
		return made, func(t *table) {
			t.row("template", made.Code)
			t.row("state", made.State)
			t.row("known to", each(slices.Sorted(maps.Keys(made.Providers))))
		}, nil
	})
}

// largestText is far above any template.
const largestText = 1 << 20

func readText(stdin io.Reader, name string) ([]byte, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read the template: %w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, largestText+1))
	if err == nil && len(text) > largestText {
		err = fmt.Errorf("%s is larger than %d bytes", name, largestText)
	}
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	return text, nil
}
