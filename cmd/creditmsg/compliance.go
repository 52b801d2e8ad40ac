package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"creditmsg/internal/server"
)

// complianceVerb is about evidence that a message was allowed.
type complianceVerb struct {
	Show   complianceShow   `cmd:"" help:"Write how a message was checked and handed over, signed."`
	Verify complianceVerify `cmd:"" help:"Prove such a record without any database."`
}

type complianceShow struct {
	Site    string `arg:"" help:"The site."`
	Message string `arg:"" help:"The message: msg_…"`
	To      string `placeholder:"NUMBER" help:"With what people of this number had agreed to, what they were shown and when."`
	Out     string `placeholder:"FILE" help:"Where to write it; without it to standard output."`
	database
}

// Run writes the record.
func (v *complianceShow) Run(ctx context.Context, s *streams) error {
	return v.paper(ctx, s, "json", v.Out, func(p *server.Operator, _ string) ([]byte, error) {
		return p.Compliance(ctx, v.Site, v.Message, v.To)
	})
}

type complianceVerify struct {
	File string   `arg:"" help:"The record."`
	Key  []string `placeholder:"KEY" help:"The public key that was noted earlier; several where it was changed."`
	database
}

// Run proves the record.
func (v *complianceVerify) Run(s *streams) error {
	record, err := os.Open(v.File)
	if err != nil {
		return v.refused(s, fmt.Errorf("read the record: %w", err))
	}
	defer record.Close()
	c, err := server.VerifyCompliance(record, v.Key)
	if err != nil {
		return v.refused(s, err)
	}
	if !c.OK {
		err = fmt.Errorf("the record is not proven: %s", c.Wrong)
	}
	if v.JSON {
		return errors.Join(err, s.print(c))
	}
	if err != nil {
		return err
	}
	t := newTable(s)
	state := "final"
	if !c.Final {
		state = "as far as the message had come"
	}
	t.row("record", "proven: "+c.Site+", "+c.Message+" ("+state+")")
	t.row("made", c.MadeAt.Format(time.RFC3339))
	t.row("signed by", c.Key)
	if !c.Trusted {
		t.say("Whose key this is is not proven: give the key that you noted earlier with --key.")
	}
	return t.end()
}
