package api

import (
	"net/http"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// limitsView is how much a site may do.
type limitsView struct {
	Requests   *int64          `json:"requests_per_minute" doc:"Of all tokens of the site together; null = any number."`
	Recipients *int64          `json:"recipients_per_minute" doc:"Of all messages that its tokens send; null = any number."`
	Day        *int64          `json:"recipients_per_day" doc:"Of all messages of a Korean day, those of series and of the operator too; null = any number. See getCaps for what is left of it."`
	Token      tokenLimitsView `json:"token" doc:"What each token may do for which nothing else is set."`
	Own        ownLimitsView   `json:"own" doc:"What the operator has set for this site."`
}

type tokenLimitsView struct {
	Requests   *int64 `json:"requests_per_minute" doc:"null = any number."`
	Recipients *int64 `json:"recipients_per_minute" doc:"null = any number."`
}

type ownLimitsView struct {
	Requests   *int64 `json:"requests_per_minute" doc:"0 = any number; null = what the installation allows."`
	Recipients *int64 `json:"recipients_per_minute" doc:"0 = any number; null = what the installation allows."`
	Day        *int64 `json:"recipients_per_day" doc:"0 = any number; null = what the installation allows."`
}

// MinuteLimits is what is set of a minute. It is exported for huma, which passes over what is
// embedded and not.
type MinuteLimits struct {
	Requests   *int64 `json:"requests_per_minute,omitempty" nullable:"true" minimum:"0" maximum:"10000000" doc:"0 = any number; null or absent = what the installation allows."`
	Recipients *int64 `json:"recipients_per_minute,omitempty" nullable:"true" minimum:"0" maximum:"10000000" doc:"0 = any number; null or absent = what the installation allows."`
}

func (b MinuteLimits) limits() site.Limits {
	return site.Limits{Requests: orInherited(b.Requests), Recipients: orInherited(b.Recipients)}
}

type limitsSet struct {
	ID   string `path:"id"`
	Body struct {
		MinuteLimits
		Day *int64 `json:"recipients_per_day,omitempty" nullable:"true" minimum:"0" maximum:"10000000" doc:"0 = any number; null or absent = what the installation allows."`
	} `nameHint:"LimitsBody"`
}

type tokenLimitsNamed struct {
	ID    string `path:"id"`
	Token string `path:"token" doc:"tok_…"`
}

type tokenLimitsSet struct {
	ID    string       `path:"id"`
	Token string       `path:"token" doc:"tok_…"`
	Body  MinuteLimits `nameHint:"TokenLimitsBody"`
}

// limits declares the routes about how much a site may do in a minute and a day.
func limits(a *api) {
	read(a, operation{
		id: "getLimits", method: http.MethodGet, path: "/v1/limits", tag: "Rules", ability: "messages:read", status: http.StatusOK,
		summary: "Get how much the site may do in a minute and a day",
		about: "Over a limit a request is refused with rate_limited and Retry-After. A limit of a minute may be used up at once and then fills evenly; " +
			"a message that alone is larger than its minute is let through when nothing is used, and the next waits until it is made up for. Replies tell how the limits stand " +
			"in RateLimit-Policy and RateLimit, and the tightest in X-RateLimit-Limit, -Remaining and -Reset. " +
			"A site that has many large requests under way gets rate_limited, too, until some of them are done.",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (limitsView, error) { return a.showLimits(tx, x.site) })
	read(a, onSites("getSiteLimits", http.MethodGet, "/v1/sites/{id}/limits", http.StatusOK, "Get how much a site may do in a minute and a day", ""),
		func(tx *db.Tx, _ *exchange, in *siteNamed) (limitsView, error) {
			if _, err := site.Find(tx, in.ID); err != nil {
				return limitsView{}, err
			}
			return a.showLimits(tx, in.ID)
		})
	write(a, onSites("setSiteLimits", http.MethodPut, "/v1/sites/{id}/limits", http.StatusOK, "Set how much a site may do in a minute and a day", "All of them at once."),
		func(tx *db.Tx, _ *exchange, in *limitsSet) (limitsView, error) {
			if err := site.SetLimits(tx, in.ID, in.Body.limits()); err != nil {
				return limitsView{}, err
			}
			if _, err := a.Ledger.SetQuota(tx, in.ID, quotaOf(in.Body.Day)); err != nil {
				return limitsView{}, err
			}
			return a.showLimits(tx, in.ID)
		})
	read(a, onSites("getTokenLimits", http.MethodGet, tokenLimitsPath, http.StatusOK, "Get how much one token of a site may do in a minute", ""), a.getTokenLimits)
	write(a, onSites("setTokenLimits", http.MethodPut, tokenLimitsPath, http.StatusOK, "Set how much one token of a site may do in a minute",
		"Both at once. What its site may do bounds it all the same."),
		func(tx *db.Tx, _ *exchange, in *tokenLimitsSet) (tokenLimitsView, error) {
			token, err := named(id.Token, "token", in.Token)
			if err != nil {
				return tokenLimitsView{}, err
			}
			set := in.Body.limits()
			if err := site.SetTokenLimits(tx, in.ID, token, set); err != nil {
				return tokenLimitsView{}, err
			}
			return showTokenLimits(set.Or(a.Limits.Token)), nil
		})
}

const tokenLimitsPath = "/v1/sites/{id}/tokens/{token}/limits"

func (a *api) getTokenLimits(tx *db.Tx, _ *exchange, in *tokenLimitsNamed) (tokenLimitsView, error) {
	token, err := named(id.Token, "token", in.Token)
	if err != nil {
		return tokenLimitsView{}, err
	}
	own, err := site.TokenLimitsOf(tx, in.ID, token)
	return showTokenLimits(own.Or(a.Limits.Token)), err
}

func orInherited(n *int64) int64 {
	if n == nil {
		return site.Inherited
	}
	return *n
}

// quotaOf is a quota of recipients a day as the ledger has it.
func quotaOf(n *int64) int64 {
	switch {
	case n == nil:
		return 0
	case *n == 0:
		return credit.NoQuota
	default:
		return *n
	}
}

func (a *api) showLimits(tx *db.Tx, siteID string) (v limitsView, err error) {
	own, err := site.LimitsOf(tx, siteID)
	if err != nil {
		return v, err
	}
	quota, err := a.Ledger.QuotaOf(tx, siteID)
	if err != nil {
		return v, err
	}
	in := own.Or(a.Limits.Site)
	v = limitsView{some[int64](in.Requests), some[int64](in.Recipients), some[int64](a.Ledger.Quota(quota)), showTokenLimits(a.Limits.Token), ownLimitsView{}}
	v.Own.Requests, v.Own.Recipients = set(own.Requests), set(own.Recipients)
	if quota != 0 {
		n := max(quota, 0)
		v.Own.Day = &n
	}
	return v, nil
}

// set gives nil for what is inherited.
func set(n int64) *int64 {
	if n == site.Inherited {
		return nil
	}
	return &n
}

func showTokenLimits(l site.Limits) tokenLimitsView {
	return tokenLimitsView{some[int64](l.Requests), some[int64](l.Recipients)}
}
