package kakao

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// A channel is registered at a vendor in two steps: Kakao sends its manager a number, and the
// site tells that number. Nothing of it is a job: a person waits, and can ask again.

// tokenEvery is how often the manager of a channel is sent a number: he is a person, too.
const tokenEvery = time.Minute

// ChannelState is where a channel stands at an account.
type ChannelState string

// The states of a channel at an account.
const (
	ChannelAsked      ChannelState = "asked" // its manager was sent a number
	ChannelRegistered ChannelState = "registered"
)

// ChannelAt is a channel of a site at one account.
type ChannelAt struct {
	Account   string
	State     ChannelState
	ChannelID string // the vendor's id; "" before it is registered
	At        db.Time
}

// Claim is the wish to register a channel at an account.
type Claim struct {
	Site     string
	Name     string // search name with its @
	Account  string
	Manager  string // phone of its manager; of RequestToken
	Category string // a code of Categories; of RequestToken
	Token    string // what he got; of Register
}

// channelRow is a channel at an account as it is kept.
type channelRow struct {
	site, name, account string
	state               ChannelState
	channelID, category string
	manager             korea.Number
	askedAt, changedAt  db.Time
	stored              bool
}

var channelColumns = []string{"site_id", "account", "name", "state", "channel_id", "category", "sealed", "asked_at", "changed_at"}

func managerContext(name, account string) string { return "manager of " + name + " at " + account }

// channelAt reads a channel at an account, with tx.LookupForUpdate to change it; one that is not
// there is fresh.
func (s *Service) channelAt(tx *db.Tx, look lookup, siteID, name, account string) (channelRow, error) {
	c := channelRow{site: siteID, name: name, account: account}
	rows, err := look("kakao_channel", channelColumns, one("site_id", siteID), one("digest", site.ChannelDigest(name)), one("account", account))
	found, err := db.Collect(rows, err, func(r *sql.Rows) (sealed []byte, err error) {
		c.stored = true
		return sealed, r.Scan(&c.site, &c.account, &c.name, &c.state, db.Maybe(&c.channelID), db.Maybe(&c.category), db.Maybe(&sealed), db.Maybe(&c.askedAt), &c.changedAt)
	})
	if err != nil {
		return c, fmt.Errorf("read channel %s at %s: %w", name, account, err)
	}
	if len(found) == 0 || len(found[0]) == 0 {
		return c, nil
	}
	key, err := s.keys.Site(tx, siteID)
	if err != nil {
		return c, err
	}
	plain, err := key.Open(managerContext(name, account), found[0])
	if err != nil {
		return c, fmt.Errorf("open the manager of channel %s: %w", name, err)
	}
	c.manager = korea.Number(plain)
	return c, nil
}

func (s *Service) keepChannel(tx *db.Tx, c channelRow) error {
	var sealed []byte
	if c.manager != "" {
		key, err := s.keys.Site(tx, c.site)
		if err != nil {
			return err
		}
		sealed = key.Seal(managerContext(c.name, c.account), []byte(c.manager))
	}
	cols := []db.Column{one("site_id", c.site), one("digest", site.ChannelDigest(c.name)), one("account", c.account), one("name", c.name), one("state", c.state),
		maybe("channel_id", c.channelID), maybe("category", c.category), maybe("sealed", sealed), maybe("asked_at", c.askedAt), one("changed_at", tx.Now)}
	var err error
	if c.stored {
		err = tx.UpdateMany("kakao_channel", []string{"site_id", "digest", "account"}, cols...)
	} else if err = tx.InsertMany("kakao_channel", cols...); err != nil {
		if _, is := errors.AsType[*db.Duplicate](err); is {
			err = fmt.Errorf("%w: %w", db.ErrStale, err) // another made it
		}
	}
	if err != nil {
		return fmt.Errorf("write channel %s at %s: %w", c.name, c.account, err)
	}
	return noteChannel(tx, c)
}

// keeperOf is the account of a claim as it keeps channels, for a site that may use it.
func (s *Service) keeperOf(siteID, account string) (provider.ChannelKeeper, error) {
	for _, a := range s.of(siteID) {
		if a.Name != account {
			continue
		}
		k, ok := a.Adapter.(provider.ChannelKeeper)
		if !ok {
			return nil, fault.New(fault.Invalid, fault.CodeNotSupported, "the vendor of %s registers channels in its own console alone; its operator can set the id", account).
				At("/provider", "not there")
		}
		return k, nil
	}
	return nil, fault.Check("/provider", "there is no provider account %q that carries Alimtalk for this site", account)
}

// Standing is what can be asked of a provider account that carries Alimtalk.
type Standing struct {
	Account  string
	Channels bool     // channels are registered there by request
	Acts     []string // what its vendor takes about templates: submit, withdraw, comment, release, remove
	Declares bool     // a submission says what the template is for
}

// Standings are the accounts that carry Alimtalk for a site, with what can be asked of each.
func (s *Service) Standings(siteID string) (out []Standing) {
	for _, a := range s.of(siteID) {
		_, channels := a.Adapter.(provider.ChannelKeeper)
		one := Standing{Account: a.Name, Channels: channels, Acts: []string{}, Declares: asks(a)}
		for _, act := range []struct {
			of   provider.TemplateActs
			name wish
		}{{provider.AddTemplate, wishSubmit}, {provider.WithdrawTemplate, wishWithdraw}, {provider.CommentTemplate, wishComment},
			{provider.ReleaseTemplate, wishRelease}, {provider.RemoveTemplate, wishRemove}} {
			if a.acts().Has(act.of) {
				one.Acts = append(one.Acts, string(act.name))
			}
		}
		out = append(out, one)
	}
	return out
}

// Categories lists the lines of business that a channel can be registered with at an account.
func (s *Service) Categories(ctx context.Context, siteID, account string) ([]provider.Category, error) {
	k, err := s.keeperOf(siteID, account)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	list, err := k.ChannelCategories(ctx)
	if err != nil {
		return nil, s.unanswered(ctx, account, "list categories", err)
	}
	return list, nil
}

// unanswered says that a vendor did not do what a person asked for.
func (s *Service) unanswered(ctx context.Context, account, act string, err error) error {
	s.o.Log.WarnContext(ctx, act, "provider", account, "error", err)
	denial, denied := errors.AsType[*provider.Denial](err)
	switch {
	case denied && denial.Judged():
		return fault.New(fault.Invalid, fault.CodeValidation, "%s refuses it: %s", account, denial.Text)
	case denied:
		return fault.New(fault.Upstream, fault.CodeUpstream, "%s does not take it now: %s; nothing was done, try again later", account, denial.Text)
	}
	return fault.New(fault.Upstream, fault.CodeUpstream, "%s has not answered: it may have been done; look again, or try again", account)
}

// RequestToken has Kakao send a number to the manager of a channel. Faults: Invalid with the
// place, StateConflict for a channel that is registered, TooMany, Upstream.
func (s *Service) RequestToken(ctx context.Context, c Claim) (ChannelAt, error) {
	name, manager, k, err := s.claim(c)
	if err != nil {
		return ChannelAt{}, err
	}
	err = s.d.Update(ctx, "kakao_ask_token", func(tx *db.Tx) error {
		if _, err := site.Find(tx, c.Site); err != nil {
			return err
		}
		r, err := s.channelAt(tx, tx.LookupForUpdate, c.Site, name, c.Account)
		if err != nil {
			return err
		}
		if r.state == ChannelRegistered {
			return fault.New(fault.Conflict, fault.CodeStateConflict, "the channel %s is registered at %s already", name, c.Account)
		}
		if wait := r.askedAt.Add(tokenEvery).Sub(tx.Now); r.askedAt != 0 && wait > 0 {
			f := fault.New(fault.TooMany, fault.CodeRateLimited, "the manager of %s was sent a number just now; ask for another in %s", name, wait.Round(time.Second))
			f.RetryAfter = wait
			return f
		}
		r.state, r.manager, r.category, r.askedAt = ChannelAsked, manager, c.Category, tx.Now
		return s.keepChannel(tx, r)
	})
	if err != nil {
		return ChannelAt{}, err
	}
	limited, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	if err := k.RequestToken(limited, provider.ChannelClaim{Name: name, Manager: manager, Category: c.Category}); err != nil {
		return ChannelAt{}, s.unanswered(ctx, c.Account, "ask for a token", err)
	}
	return s.channelNow(ctx, c.Site, name, c.Account)
}

// claim checks what is said of a channel.
func (s *Service) claim(c Claim) (name string, manager korea.Number, k provider.ChannelKeeper, err error) {
	if name, err = site.ChannelName(c.Name); err != nil {
		return "", "", nil, err
	}
	if manager, err = korea.ParseMobile(c.Manager); err != nil {
		return "", "", nil, fault.Check("/manager_phone", "want the mobile number of the channel's manager, such as 010-1234-5678")
	}
	if len(c.Category) == 0 || len(c.Category) > 20 {
		return "", "", nil, fault.Check("/category", "want a code of the account's list of categories")
	}
	k, err = s.keeperOf(c.Site, c.Account)
	return name, manager, k, err
}

func (s *Service) channelNow(ctx context.Context, siteID, name, account string) (at ChannelAt, err error) {
	err = s.d.View(ctx, "kakao_channel_now", func(tx *db.Tx) error {
		r, err := s.channelAt(tx, tx.Lookup, siteID, name, account)
		at = ChannelAt{r.account, r.state, r.channelID, r.changedAt}
		return err
	})
	return at, err
}

// Register registers a channel with the number that its manager got, and makes it one of the
// site's. A channel that is registered already is given as it is. Faults: Invalid where no
// number was asked for or the vendor refuses it, Upstream.
//
// All sites share an account, so what the vendor lists under the name proves nothing by itself:
// after a lost answer it counts only where it was not listed before.
func (s *Service) Register(ctx context.Context, c Claim) (ChannelAt, error) {
	name, err := site.ChannelName(c.Name)
	if err != nil {
		return ChannelAt{}, err
	}
	k, err := s.keeperOf(c.Site, c.Account)
	if err != nil {
		return ChannelAt{}, err
	}
	var r channelRow
	err = s.d.View(ctx, "kakao_register", func(tx *db.Tx) (err error) {
		r, err = s.channelAt(tx, tx.Lookup, c.Site, name, c.Account)
		return err
	})
	switch {
	case err != nil:
		return ChannelAt{}, err
	case r.state == ChannelRegistered:
		return ChannelAt{r.account, r.state, r.channelID, r.changedAt}, nil
	case r.askedAt == 0:
		return ChannelAt{}, fault.New(fault.Conflict, fault.CodeStateConflict, "no number was sent to the manager of %s for %s yet; ask for one first", name, c.Account)
	}
	if c.Token == "" || len(c.Token) > 20 {
		return ChannelAt{}, fault.Check("/token", "want the number that the channel's manager got")
	}
	made, err := s.registerAt(ctx, k, provider.ChannelClaim{Name: name, Manager: r.manager, Category: r.category, Token: c.Token}, c.Account)
	if err != nil {
		return ChannelAt{}, err
	}
	err = s.d.Update(ctx, "kakao_registered", func(tx *db.Tx) error { return s.own(tx, c.Site, name, c.Account, made) })
	if err != nil {
		return ChannelAt{}, err
	}
	return s.channelNow(ctx, c.Site, name, c.Account)
}

// registerAt makes the vendor's request, and asks what became of it when its answer is lost.
func (s *Service) registerAt(ctx context.Context, k provider.ChannelKeeper, c provider.ChannelClaim, account string) (provider.KakaoChannel, error) {
	limited, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	before, err := listed(limited, k, c.Name)
	if err != nil {
		return provider.KakaoChannel{}, s.unanswered(ctx, account, "list channels", provider.Undone("list channels", err))
	}
	made, wrong := k.RegisterChannel(limited, c)
	if wrong == nil {
		return made, nil
	}
	if _, denied := errors.AsType[*provider.Denial](wrong); denied || before != nil {
		return made, s.unanswered(ctx, account, "register the channel", wrong)
	}
	again, cancelAgain := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancelAgain()
	if now, err := listed(again, k, c.Name); err == nil && now != nil {
		return *now, nil
	}
	return made, s.unanswered(ctx, account, "register the channel", wrong)
}

// listed is a channel in a vendor's list, by its name; nil = it is not there.
func listed(ctx context.Context, k provider.ChannelKeeper, name string) (*provider.KakaoChannel, error) {
	all, err := k.Channels(ctx)
	i := slices.IndexFunc(all, func(c provider.KakaoChannel) bool { return c.Name == name })
	if err != nil || i < 0 {
		return nil, err
	}
	return &all[i], nil
}

// own writes down that a channel is a site's at an account.
func (s *Service) own(tx *db.Tx, siteID, name, account string, made provider.KakaoChannel) error {
	c, err := site.FindChannel(tx, siteID, name)
	switch {
	case fault.Is(err, fault.NotFound):
		_, err = site.AddChannel(tx, site.Channel{Site: siteID, Name: name, SenderKey: made.SenderKey, Providers: map[string]string{account: made.ID}})
	case err == nil:
		if c.Providers == nil {
			c.Providers = map[string]string{}
		}
		if c.Providers[account] = made.ID; made.SenderKey != "" {
			c.SenderKey = made.SenderKey
		}
		_, err = site.SetChannel(tx, c)
	}
	if err != nil {
		return err
	}
	return s.trust(tx, siteID, name, account, made.ID)
}

func (s *Service) trust(tx *db.Tx, siteID, name, account, channelID string) error {
	r, err := s.channelAt(tx, tx.LookupForUpdate, siteID, name, account)
	if err != nil || r.state == ChannelRegistered && r.channelID == channelID {
		return err
	}
	r.state, r.channelID, r.manager = ChannelRegistered, channelID, ""
	return s.keepChannel(tx, r)
}

// Trust takes the ids of a channel as an operator has set them for those of the site's own. It
// is part of the transaction that sets them.
func (s *Service) Trust(tx *db.Tx, c site.Channel) error {
	for _, a := range s.accounts {
		if channelID := c.Providers[a.Name]; channelID != "" {
			if err := s.trust(tx, c.Site, c.Name, a.Name, channelID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Abandon forgets a channel that its site removes; at the vendor it stays.
func Abandon(tx *db.Tx, siteID, name string) error {
	if _, err := tx.DeleteMany("kakao_channel", one("site_id", siteID), one("digest", site.ChannelDigest(name))); err != nil {
		return fmt.Errorf("forget channel %s: %w", name, err)
	}
	return nil
}

// ChannelsAt tells where channels of a site stand at the accounts, by the digest of their names.
func ChannelsAt(tx *db.Tx, siteID string, names ...string) (map[id.ID][]ChannelAt, error) {
	if len(names) == 0 {
		return nil, nil
	}
	digests := make([]id.ID, len(names))
	for i, n := range names {
		digests[i] = site.ChannelDigest(n)
	}
	rows, err := tx.Lookup("kakao_channel", []string{"digest", "account", "state", "channel_id", "changed_at"}, db.Same("site_id", siteID, len(names)), db.Col("digest", digests))
	all := map[id.ID][]ChannelAt{}
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var of id.ID
		var at ChannelAt
		err := r.Scan(&of, &at.Account, &at.State, db.Maybe(&at.ChannelID), &at.At)
		all[of] = append(all[of], at)
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("read where channels stand: %w", err)
	}
	return all, nil
}

// registered gives the vendors' ids of a channel where it is the site's, by account.
func registered(tx *db.Tx, siteID, name string) (map[string]string, error) {
	all, err := ChannelsAt(tx, siteID, name)
	out := map[string]string{}
	for _, at := range all[site.ChannelDigest(name)] {
		if at.State == ChannelRegistered {
			out[at.Account] = at.ChannelID
		}
	}
	return out, err
}
