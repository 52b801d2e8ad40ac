package server

import (
	"context"
	"fmt"
	"strconv"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/limit"
	"creditmsg/internal/site"
)

// Limits are how much a site, or one of its tokens, may do. A nil is any number.
type Limits struct {
	Site     string      `json:"site"`
	Token    string      `json:"token,omitempty"`
	Requests LimitState  `json:"requests_per_minute"`
	People   LimitState  `json:"recipients_per_minute"`
	Day      *LimitState `json:"recipients_per_day,omitempty"` // of a site
}

// LimitState is one limit: what holds, and whether it was set or is the installation's.
type LimitState struct {
	Limit *int64 `json:"limit"`
	Own   bool   `json:"own"`
}

// LimitsChange names limits as people write them: a number, none, or default for what the
// installation allows. What is "" keeps its value.
type LimitsChange struct{ Requests, Recipients, Day string }

const (
	limitNone    = "none"
	limitDefault = "default"
)

// SiteLimits shows what a site may do, after the change if there is one. Faults: Invalid,
// NotFound.
func (p *Operator) SiteLimits(ctx context.Context, siteID string, ch LimitsChange) (out Limits, err error) {
	c := p.config.Limits
	err = p.d.Update(ctx, "operator_site_limits", func(tx *db.Tx) error {
		own, err := site.LimitsOf(tx, siteID)
		if err != nil {
			return err
		}
		quota, err := p.ledger.QuotaOf(tx, siteID)
		if err != nil {
			return err
		}
		if ch.Requests+ch.Recipients != "" {
			if own, err = changed(own, ch); err != nil {
				return err
			}
			if err := site.SetLimits(tx, siteID, own); err != nil {
				return asFlag(err)
			}
		}
		if ch.Day != "" {
			if quota, err = readLimit("--day", ch.Day, 0, credit.NoQuota); err != nil {
				return err
			}
			if _, err := p.ledger.SetQuota(tx, siteID, quota); err != nil {
				return err
			}
		}
		out = showLimits(siteID, own, site.Limits{Requests: int64(c.RequestsPerMinute), Recipients: int64(c.RecipientsPerMinute)})
		out.Day = &LimitState{positive(p.ledger.Quota(quota)), quota != 0}
		return nil
	})
	return out, err
}

// TokenLimits is SiteLimits for one token.
func (p *Operator) TokenLimits(ctx context.Context, siteID, tokenText string, ch LimitsChange) (out Limits, err error) {
	c := p.config.Limits.Token
	token, err := id.Parse(id.Token, tokenText)
	if err != nil {
		return out, fault.Missing("token", tokenText)
	}
	err = p.d.Update(ctx, "operator_token_limits", func(tx *db.Tx) error {
		own, err := site.TokenLimitsOf(tx, siteID, token)
		if err != nil {
			return err
		}
		if ch.Requests+ch.Recipients != "" {
			if own, err = changed(own, ch); err != nil {
				return err
			}
			if err := site.SetTokenLimits(tx, siteID, token, own); err != nil {
				return asFlag(err)
			}
		}
		out = showLimits(siteID, own, site.Limits{Requests: int64(c.RequestsPerMinute), Recipients: int64(c.RecipientsPerMinute)})
		out.Token = token.Text(id.Token)
		return nil
	})
	return out, err
}

func changed(own site.Limits, ch LimitsChange) (_ site.Limits, err error) {
	if ch.Requests != "" {
		if own.Requests, err = readLimit("--requests", ch.Requests, site.Inherited, 0); err != nil {
			return own, err
		}
	}
	if ch.Recipients != "" {
		own.Recipients, err = readLimit("--recipients", ch.Recipients, site.Inherited, 0)
	}
	return own, err
}

// readLimit reads a limit, in which default and none are these numbers.
func readLimit(flag, text string, byDefault, none int64) (int64, error) {
	switch text {
	case limitDefault:
		return byDefault, nil
	case limitNone:
		return none, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > limit.Most {
		return 0, fault.Check(flag, "%q is not a number from 1 to %d, %s or %s", text, limit.Most, limitNone, limitDefault)
	}
	return n, nil
}

func showLimits(siteID string, own, all site.Limits) Limits {
	in := own.Or(all)
	return Limits{Site: siteID, Requests: LimitState{positive(in.Requests), own.Requests != site.Inherited},
		People: LimitState{positive(in.Recipients), own.Recipients != site.Inherited}}
}

// positive gives nil for any number.
func positive(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

// checkRedis looks whether Redis answers, where there is one or should be.
func (p *Operator) checkRedis(ctx context.Context) []Check {
	url := p.config.Redis.URL
	switch {
	case url == "" && p.config.Limits.ofMinutes() && p.d.Engine() != "sqlite":
		return []Check{{"redis", CheckNote, "none is configured: where several processes serve requests, each of them allows as much as limits says; redis.url makes them count together"}}
	case url == "":
		return nil
	}
	r, err := limit.OpenRedis(string(url))
	if err == nil {
		err = r.Ping(ctx)
		_ = r.Close()
	}
	if err != nil {
		return []Check{{"redis", CheckWrong, fmt.Sprintf("it does not answer: %v; until it does, each process counts its limits for itself", err)}}
	}
	return []Check{{"redis", CheckOK, "it answers"}}
}
