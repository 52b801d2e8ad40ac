package console

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image/png"
	"net/url"
	"slices"
	"strings"

	"github.com/pquerna/otp"

	"creditmsg/client"
)

func accountScreens() []screen {
	return []screen{
		{pattern: "GET /me", do: (*page).account},
		{pattern: "GET /me/password", do: (*page).passwordForm},
		{pattern: "POST /me/password", do: (*page).setPassword},
		{pattern: "GET /me/factor", do: (*page).factorForm},
		{pattern: "POST /me/factor", do: (*page).beginFactor},
		{pattern: "POST /me/factor/confirm", do: (*page).finishFactor},
		{pattern: "POST /me/factor/disable", do: (*page).dropFactor},
		{pattern: "POST /me/sessions/{id}/end", do: (*page).endSession},
		{pattern: "POST /me/invitations/{id}/accept", do: (*page).acceptInvitation},
		{pattern: "POST /me/invitations/{id}/decline", do: (*page).declineInvitation},
		{pattern: "POST /me/leave", do: (*page).leaveRole},
	}
}

// account is what somebody sees of himself.
type account struct {
	Sessions    []client.Session
	Invitations []client.Invitation
	Form        form // of the invitation that is being accepted
	Accepting   string
}

func (p *page) account() error { return p.showAccount(account{}) }

func (p *page) showAccount(d account) error {
	sessions, err := p.api.Sessions(p.ctx(), client.Paging{Limit: 100})
	if err != nil {
		return err
	}
	d.Sessions = slices.DeleteFunc(sessions.Data, func(s client.Session) bool { return !s.EndedAt.IsZero() })
	slices.Reverse(d.Sessions)
	invitations, err := p.api.MyInvitations(p.ctx(), client.Paging{})
	if err != nil {
		return err
	}
	d.Invitations = invitations.Data
	return p.show("account", d)
}

func (p *page) passwordForm() error { return p.show("password", p.form()) }

func (p *page) setPassword() error {
	f := p.form()
	if f.Get("new_password") != f.Get("again") {
		f.Errors = map[string]string{"again": p.say("password.differs")}
		return p.unfit("password", f)
	}
	if err := p.api.SetPassword(p.ctx(), f.Get("password"), f.Get("new_password")); err != nil {
		if f.wrong(p, err, nil) {
			return p.unfit("password", f)
		}
		return err
	}
	return p.done(to("me"), "password")
}

// factor is what the page of the second factor shows.
type factor struct {
	Form   form
	Secret string // of the one that is being set up; "" = none is
	QR     string // the same as a picture, in base 64
	Codes  []string
}

func (p *page) factorForm() error { return p.show("factor", factor{Form: p.form()}) }

func (p *page) beginFactor() error {
	d := factor{Form: p.form()}
	made, err := p.api.BeginSecondFactor(p.ctx(), d.Form.Get("password"))
	if err != nil {
		if d.Form.wrong(p, err, nil) {
			return p.unfit("factor", d)
		}
		return err
	}
	return p.showFactor(made, d)
}

// showFactor shows a new factor, which is known to this page alone until it is confirmed.
func (p *page) showFactor(made client.SecondFactor, d factor) (err error) {
	d.Secret = made.Secret
	d.Form.Set("uri", made.URI)
	if d.QR, err = qr(made.URI); err != nil {
		return err
	}
	if d.Form.Errors != nil {
		return p.unfit("factor", d)
	}
	return p.show("factor", d)
}

// qr draws an address of a second factor.
func qr(uri string) (string, error) {
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		return "", fmt.Errorf("read the second factor: %w", err)
	}
	picture, err := key.Image(220, 220)
	if err != nil {
		return "", fmt.Errorf("draw the second factor: %w", err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return "", fmt.Errorf("draw the second factor: %w", err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

func (p *page) finishFactor() error {
	d := factor{Form: p.form()}
	made := client.SecondFactor{URI: d.Form.Get("uri")}
	if key, err := url.Parse(made.URI); err == nil {
		made.Secret = key.Query().Get("secret")
	}
	codes, err := p.api.ConfirmSecondFactor(p.ctx(), strings.TrimSpace(d.Form.Get("code")))
	if err != nil {
		if d.Form.wrongCode(p, err) {
			return p.showFactor(made, d)
		}
		return err
	}
	d.Codes = codes.Codes
	return p.show("factor", d)
}

func (p *page) dropFactor() error {
	d := factor{Form: p.form()}
	if err := p.api.DisableSecondFactor(p.ctx(), strings.TrimSpace(d.Form.Get("code"))); err != nil {
		if d.Form.wrongCode(p, err) {
			return p.unfit("factor", d)
		}
		return err
	}
	return p.done(to("me"), "factor.dropped")
}

func (p *page) endSession() error {
	if err := p.api.EndSession(p.ctx(), p.r.PathValue("id")); err != nil {
		return p.refused(err, to("me"))
	}
	return p.done(to("me"), "session.ended")
}

func (p *page) acceptInvitation() error {
	f := p.form()
	if err := p.api.AcceptInvitation(p.ctx(), p.r.PathValue("id"), f.Get("password")); err != nil {
		if f.wrong(p, err, nil) {
			return p.showAccount(account{Form: f, Accepting: p.r.PathValue("id")})
		}
		return err
	}
	return p.done(to("me"), "invitation.accepted")
}

func (p *page) declineInvitation() error {
	if err := p.api.DeclineInvitation(p.ctx(), p.r.PathValue("id")); err != nil {
		return p.refused(err, to("me"))
	}
	return p.done(to("me"), "invitation.declined")
}

func (p *page) leaveRole() error {
	f := p.form()
	if err := p.api.LeaveRole(p.ctx(), f.Get("site"), f.Get("role")); err != nil {
		return p.refused(err, to("me"))
	}
	return p.done(to("me"), "role.left")
}
