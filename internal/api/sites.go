package api

import (
	"net/http"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// siteView is a tenant as operators see it.
type siteView struct {
	ID        string       `json:"id" example:"flowers"`
	Name      string       `json:"name"`
	State     string       `json:"state" enum:"active,suspended,erased"`
	Weight    int          `json:"weight" doc:"Its part of the sending when several sites have much to send."`
	Plan      *string      `json:"plan" doc:"Whose prices count now; null = none."`
	Prices    pricesView   `json:"prices"`
	Balance   money.Amount `json:"balance"`
	Available money.Amount `json:"available"`
	Held      money.Amount `json:"held"`
	CreatedAt instant      `json:"created_at"`

	plans credit.Terms // also those to come
}

// setting is what a change of the site may set, without its prices and its purse.
func (v siteView) setting() any { return []any{v.ID, v.Name, v.State, v.Weight, v.plans} }

type siteNamed struct {
	ID string `path:"id" example:"flowers"`
}

type siteOpened struct {
	Body struct {
		ID     string    `json:"id" example:"flowers" doc:"2 to 40 characters of a-z, 0-9 and -, beginning with a letter. It stays."`
		Name   string    `json:"name" example:"꽃집"`
		Prices planRates `json:"prices,omitempty" doc:"Of its own. What they do not name costs what the plan or the installation's list says."`
		Plan   string    `json:"plan,omitempty"`
	} `nameHint:"SiteBody"`
}

type siteChanged struct {
	ID   string `path:"id"`
	Body struct {
		Name   *string `json:"name,omitempty"`
		State  *string `json:"state,omitempty" enum:"active,suspended" doc:"A suspended site sends nothing more; what it sent goes on."`
		Weight *int    `json:"weight,omitempty" minimum:"1" maximum:"100"`
	} `nameHint:"SiteChange"`
}

type siteTopUp struct {
	ID   string `path:"id"`
	Body struct {
		Amount    string `json:"amount" example:"50000" pattern:"^-?[0-9]{1,14}([.][0-9]{1,4})?$" patternDescription:"won with at most four decimals, such as 50000 or -500.50" doc:"Negative only for an adjustment, and never more than is available."`
		Kind      string `json:"kind" enum:"paid,bonus,adjustment" doc:"What was paid for is whole won, without VAT, and has a receipt."`
		Reason    string `json:"reason" minLength:"1" maxLength:"1000"`
		ExpiresOn string `json:"expires_on,omitempty" example:"2027-12-31" doc:"The last day in Korea on which it can be used; left out, it does not expire. Not of an adjustment."`
	} `nameHint:"SiteCredit"`
}

type siteRepriced struct {
	ID   string `path:"id"`
	Body struct {
		Prices planRates `json:"prices" doc:"What changes. null drops the site's own price of a channel."`
		Since  string    `json:"since,omitempty" format:"date-time" doc:"From when on, not past; otherwise from now."`
	} `nameHint:"SitePrices"`
}

type sitePlanned struct {
	ID   string `path:"id"`
	Body struct {
		Plan  *string `json:"plan" doc:"null = none."`
		Since string  `json:"since,omitempty" format:"date-time" doc:"From when on, not past; otherwise from now. What was planned for then or later is forgotten."`
	} `nameHint:"SitePlan"`
}

// onSites is an operation on sites.
var onSites = ofHouse("Sites", site.Lock)

// sites declares the routes about the tenants.
func sites(a *api) {
	const one = "/v1/sites/{id}"
	read(a, onSites("listSites", http.MethodGet, "/v1/sites", http.StatusOK, "List the sites by their ids", ""), a.listSites)
	read(a, onSites("getSite", http.MethodGet, one, http.StatusOK, "Get a site", ""), func(tx *db.Tx, _ *exchange, in *siteNamed) (siteView, error) {
		return a.siteAfter(tx, in.ID, nil)
	})
	write(a, onSites("openSite", http.MethodPost, "/v1/sites", http.StatusCreated, "Open a site", "It has its own key, purse and ledger. Give it a token with `POST /v1/tokens?site=…`.", fault.CodeAlreadyExists),
		func(tx *db.Tx, _ *exchange, in *siteOpened) (siteView, error) {
			own, _ := in.Body.Prices.parted()
			_, err := a.Ledger.OpenSite(tx, credit.Opening{ID: in.Body.ID, Name: in.Body.Name, Prices: own, Plan: in.Body.Plan})
			return a.siteAfter(tx, in.Body.ID, err)
		})
	write(a, onSites("changeSite", http.MethodPatch, one, http.StatusOK, "Rename, weigh, suspend or resume a site", "", fault.CodeStateConflict), a.changeSite)
	write(a, onSites("topUpSite", http.MethodPost, one+"/credit", http.StatusCreated, "Give a site credit, or take some", "It is one entry of its ledger.", fault.CodeStateConflict), a.topUpSite)
	write(a, onSites("setSitePrices", http.MethodPost, one+"/prices", http.StatusOK, "Change a site's own prices, now or from a time to come", "Messages that were accepted keep their prices."),
		func(tx *db.Tx, _ *exchange, in *siteRepriced) (siteView, error) {
			since, err := sinceOf(in.Body.Since)
			if err == nil {
				_, err = site.Find(tx, in.ID)
			}
			if err == nil {
				prices, drop := in.Body.Prices.parted()
				err = credit.SetPrices(tx, in.ID, prices, since, drop...)
			}
			return a.siteAfter(tx, in.ID, err)
		})
	plan := onSites("setSitePlan", http.MethodPut, one+"/plan", http.StatusOK, "Give a site a plan, now or from a time to come", "")
	plan.of = one
	write(a, plan,
		func(tx *db.Tx, _ *exchange, in *sitePlanned) (siteView, error) {
			since, err := sinceOf(in.Body.Since)
			if err == nil {
				plan := ""
				if in.Body.Plan != nil {
					plan = *in.Body.Plan
				}
				err = credit.AssignPlan(tx, in.ID, plan, since)
			}
			return a.siteAfter(tx, in.ID, err)
		})
}

type installationRepriced struct {
	Body struct {
		Prices planRates `json:"prices" doc:"What changes. null drops the installation's price of a channel: the product's own counts then."`
		Since  string    `json:"since,omitempty" format:"date-time" doc:"From when on, not past; otherwise from now."`
	} `nameHint:"InstallationPrices"`
}

// installationPrices declares the routes about what sites pay that have no price of their own.
func installationPrices(a *api) {
	now := func(tx *db.Tx, err error) (pricesView, error) {
		if err != nil {
			return pricesView{}, err
		}
		p, err := credit.PricesOf(tx, "")
		return showPrices(p), err
	}
	read(a, onSites("getInstallationPrices", http.MethodGet, "/v1/prices", http.StatusOK, "Get what sites pay that have no price of their own", ""),
		func(tx *db.Tx, _ *exchange, _ *struct{}) (pricesView, error) { return now(tx, nil) })
	write(a, onSites("setInstallationPrices", http.MethodPost, "/v1/prices", http.StatusOK, "Change what sites pay that have no price of their own", "Messages that were accepted keep their prices."),
		func(tx *db.Tx, _ *exchange, in *installationRepriced) (pricesView, error) {
			since, err := sinceOf(in.Body.Since)
			if err == nil {
				prices, drop := in.Body.Prices.parted()
				err = credit.SetPrices(tx, "", prices, since, drop...)
			}
			return now(tx, err)
		})
}

// sinceOf reads from when on something counts; 0 = now.
func sinceOf(text string) (db.Time, error) {
	if text == "" {
		return 0, nil
	}
	at, err := parseInstant(text)
	if err != nil {
		return 0, fault.Check("/since", "want a time such as 2026-12-01T09:00:00+09:00")
	}
	return db.At(at), nil
}

// siteAfter gives a site as it is after an act.
func (a *api) siteAfter(tx *db.Tx, id string, err error) (siteView, error) {
	if err != nil {
		return siteView{}, err
	}
	s, err := site.Find(tx, id)
	if err != nil {
		return siteView{}, err
	}
	return a.showSite(tx)(s)
}

// showSite adds to a site what the ledger knows of it.
func (a *api) showSite(tx *db.Tx) func(site.Site) (siteView, error) {
	return func(s site.Site) (siteView, error) {
		prices, err := credit.PricesOf(tx, s.ID)
		if err != nil {
			return siteView{}, err
		}
		plans, err := credit.SitePlans(tx, s.ID)
		if err != nil {
			return siteView{}, err
		}
		purse, err := a.Ledger.Account(tx, s.ID)
		if err != nil {
			return siteView{}, err
		}
		return siteView{ID: s.ID, Name: s.Name, State: string(s.State), Weight: s.Weight, Plan: orNull(plans.At(tx.Now)), Prices: showPrices(prices),
			Balance: purse.Available + purse.Held, Available: purse.Available, Held: purse.Held, CreatedAt: instant(s.CreatedAt), plans: plans}, nil
	}
}

func (a *api) listSites(tx *db.Tx, x *exchange, in *Paging) (out listOf[siteView], err error) {
	l, err := a.list(tx, x, "sites")
	if err != nil {
		return out, err
	}
	var after string
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := site.List(tx, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, a.showSite(tx), func(s site.Site) any { return s.ID })
}

func (a *api) changeSite(tx *db.Tx, _ *exchange, in *siteChanged) (siteView, error) {
	_, err := site.Find(tx, in.ID)
	if name := in.Body.Name; err == nil && name != nil {
		err = site.Rename(tx, in.ID, *name)
	}
	if state := in.Body.State; err == nil && state != nil {
		err = site.SetState(tx, in.ID, site.State(*state))
	}
	if weight := in.Body.Weight; err == nil && weight != nil {
		err = site.SetWeight(tx, in.ID, *weight)
	}
	return a.siteAfter(tx, in.ID, err)
}

// topUpKinds are the kinds of a top-up as people say them.
var topUpKinds = map[string]credit.Kind{"paid": credit.Payment, "bonus": credit.Bonus, "adjustment": credit.Adjustment}

func (a *api) topUpSite(tx *db.Tx, _ *exchange, in *siteTopUp) (entryView, error) {
	if _, err := site.Find(tx, in.ID); err != nil {
		return entryView{}, err
	}
	amount, err := money.ParseSigned(in.Body.Amount)
	if err != nil {
		return entryView{}, fault.Check("/amount", "want won with at most four decimals, such as 50000 or -500.50")
	}
	add := credit.TopUp{Site: in.ID, Kind: topUpKinds[in.Body.Kind], Amount: amount, Note: in.Body.Reason}
	if in.Body.ExpiresOn != "" {
		last, err := korea.ParseDay(in.Body.ExpiresOn)
		if err != nil {
			return entryView{}, fault.Check("/expires_on", "want a day such as 2027-12-31")
		}
		add.ExpiresAt = db.At(last.AddDate(0, 0, 1))
	}
	made, err := a.Billing.TopUp(tx, add)
	if err != nil {
		return entryView{}, err
	}
	return showEntry(made)
}
