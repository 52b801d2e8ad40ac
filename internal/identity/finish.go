package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/site"
)

// Answer is with what somebody comes back.
type Answer struct {
	Sealed string // from his browser, as Begin gave it
	State  string // from the address that he was led to: state, code, error and iss
	Code   string
	Error  string
	Issuer string // RFC 9207; "" = not said
}

// Finish gives the address of somebody who comes back, which the provider has verified and which is
// of a domain that may come in. Each way is gone once. Faults: Unauthenticated, Upstream.
func (p *Provider) Finish(ctx context.Context, a Answer) (email string, err error) {
	key, now, err := p.moment(ctx)
	if err != nil {
		return "", err
	}
	w, err := p.opened(key, now, a)
	if err != nil {
		return "", err
	}
	of, err := p.discovered(ctx, now.Time())
	if err != nil {
		return "", err
	}
	said, err := p.exchange(ctx, of, w, a.Code, now.Time())
	if err != nil {
		return "", err
	}
	if !said.verified() {
		return "", stranger("the provider has not verified the address %s; verify it there, and sign in again", audit.Mail(said.Email))
	}
	if !p.allowed(said.Email) {
		return "", stranger("people with an address such as %s do not sign in this way here; sign in with your password, or with another account of the provider", audit.Mail(said.Email))
	}
	return said.Email, p.spend(ctx, w)
}

// opened reads the way that somebody began, and makes sure that he comes back from it.
func (p *Provider) opened(key *site.Key, now db.Time, a Answer) (w way, err error) {
	sealed, err := base.DecodeString(a.Sealed)
	if err == nil {
		sealed, err = key.Open(sealedWay, sealed)
	}
	if err == nil {
		err = json.Unmarshal(sealed, &w)
	}
	switch {
	case err != nil, w.Issuer != p.o.Issuer, subtle.ConstantTimeCompare([]byte(w.State), []byte(a.State)) != 1:
		return way{}, stranger("this is not the browser in which somebody began to sign in; begin anew")
	case now >= w.Until:
		return way{}, stranger("it took too long to sign in; begin anew")
	case a.Issuer != "" && a.Issuer != p.o.Issuer:
		return way{}, stranger("another provider than the one that was asked has answered; begin anew")
	case a.Error != "" || a.Code == "":
		return way{}, stranger("the provider has not let you in; begin anew")
	}
	return w, nil
}

// claims are what the provider says of somebody, as far as it matters.
type claims struct {
	Email    string `json:"email"`
	Verified any    `json:"email_verified"` // some write it as a text
	Party    string `json:"azp"`            // for whom it was signed, where it is for several
}

func (c claims) verified() bool { return c.Email != "" && (c.Verified == true || c.Verified == "true") }

// exchange gives the code for what the provider signed, and makes sure of that.
func (p *Provider) exchange(ctx context.Context, of *oidc.Provider, w way, code string, now time.Time) (said claims, err error) {
	ctx = oidc.ClientContext(ctx, p.http.For(mostReply))
	token, err := p.flow(of).Exchange(ctx, code, oauth2.VerifierOption(w.Verifier))
	if refusal, is := errors.AsType[*oauth2.RetrieveError](err); is && refusal.ErrorCode == "invalid_grant" {
		return said, stranger("the provider does not know this way in any more; begin anew")
	}
	if err != nil {
		return said, silent(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return said, silent(errUnsigned)
	}
	signed, err := of.Verifier(&oidc.Config{ClientID: p.o.ClientID, SupportedSigningAlgs: algorithms, Now: func() time.Time { return now }}).Verify(ctx, raw)
	if err == nil && signed.AccessTokenHash != "" {
		err = signed.VerifyAccessToken(token.AccessToken)
	}
	if err == nil {
		err = signed.Claims(&said)
	}
	switch {
	case err != nil, said.Party != "" && said.Party != p.o.ClientID:
		return claims{}, stranger("what the provider signed does not prove who you are; begin anew, or tell whoever keeps the installation")
	case subtle.ConstantTimeCompare([]byte(signed.Nonce), []byte(w.Nonce)) != 1:
		return claims{}, stranger("what the provider signed is of another time that somebody signed in; begin anew")
	case said.Email != "" || of.UserInfoEndpoint() == "":
		return said, nil
	}
	return told(ctx, of, token, signed.Subject)
}

// told asks the provider for the address of somebody, where it is not in what it signed.
func told(ctx context.Context, of *oidc.Provider, token *oauth2.Token, subject string) (said claims, err error) {
	info, err := of.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err == nil {
		err = info.Claims(&said)
	}
	switch {
	case err != nil:
		return claims{}, silent(err)
	case info.Subject != subject:
		return claims{}, stranger("the provider told of somebody else than it signed for; begin anew")
	}
	return said, nil
}

// spend has a way gone to its end, and refuses one that was.
func (p *Provider) spend(ctx context.Context, w way) error {
	sum := sha256.Sum256([]byte(w.State))
	err := p.d.Update(ctx, "identity_spend", func(tx *db.Tx) error {
		return tx.InsertMany("identity_state", db.Col("digest", []string{hex.EncodeToString(sum[:])}), db.Col("expires_at", []db.Time{w.Until}))
	})
	if _, twice := errors.AsType[*db.Duplicate](err); twice {
		return stranger("this way in was gone already; begin anew")
	}
	if err != nil {
		return fmt.Errorf("end somebody's way in: %w", err)
	}
	return nil
}

// sweepMost bounds what one sweep deletes in one transaction.
const sweepMost = 500

// Sweep deletes what need not be known any more, and says whether there may be more.
func Sweep(tx *db.Tx) (more bool, err error) {
	rows, err := tx.Query(`SELECT digest FROM identity_state WHERE expires_at <= ? ORDER BY digest LIMIT ?`, int64(tx.Now), sweepMost)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (one string, err error) { return one, r.Scan(&one) })
	if err == nil && len(list) > 0 {
		_, err = tx.DeleteMany("identity_state", db.Col("digest", list))
	}
	if err != nil {
		return false, fmt.Errorf("sweep the ways in by a provider: %w", err)
	}
	return len(list) == sweepMost, nil
}
