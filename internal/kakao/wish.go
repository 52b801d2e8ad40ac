package kakao

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// Wish is what a site asks for about a template.
type Wish struct {
	Site     string
	Code     string
	Accounts []string // nil = every one where it can be
	Comment  string   // to the inspector
	Purpose  *provider.Purpose
}

// remarkLimit is the longest comment to an inspector.
const remarkLimit = 500

// remark is the comment of a wish, on one line.
func (w Wish) remark() (string, error) {
	text := strings.Join(strings.Fields(w.Comment), " ")
	if utf8.RuneCountInString(text) > remarkLimit {
		return "", fault.Check("/comment", "want at most %d characters", remarkLimit)
	}
	return text, nil
}

// Registration is a template at one account.
type Registration struct {
	Account    string
	ChannelID  string
	TemplateID string // "" = it has none yet
	State      provider.TemplateState
	Wish       string // what is being done: submit, withdraw, comment, release; "" = nothing
	Problem    string // why the last wish was not fulfilled, or is not yet
	Comments   []Comment
	LookedAt   db.Time // when the vendor was last asked; 0 = never
}

// Registrations tells where templates stand at the accounts, by code.
func Registrations(tx *db.Tx, siteID string, codes ...string) (map[string][]Registration, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	found, err := find(tx.Lookup, db.Same("site_id", siteID, len(codes)), db.Col("code", codes))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b *row) int { return cmp.Compare(a.account, b.account) })
	all := map[string][]Registration{}
	for _, r := range found {
		all[r.code] = append(all[r.code], Registration{r.account, r.channelID, r.template, r.state, string(r.wish), r.problem, r.comments, r.lookedAt})
	}
	return all, nil
}

// Submit has a template inspected in its present wording, at accounts where its channel is
// registered. Faults: NotFound, Invalid with the place, StateConflict while it is being removed.
func (s *Service) Submit(tx *db.Tx, w Wish) error {
	t, err := message.LockTemplate(tx, w.Site, w.Code)
	if err != nil {
		return err
	}
	remark, err := w.remark()
	if err != nil {
		return err
	}
	channels, err := registered(tx, w.Site, t.Channel)
	if err != nil {
		return err
	}
	chosen, err := s.choose(w, channels, t.Channel)
	if err != nil {
		return err
	}
	rows, err := rowsOf(tx, w.Site, w.Code)
	if err != nil {
		return err
	}
	var accounts []string
	for _, a := range chosen {
		accounts = append(accounts, a.Name)
		r := at(rows, a.Name)
		fresh := r == nil
		if fresh {
			of := id.New()
			r = &row{site: w.Site, id: of, code: w.Code, account: a.Name, name: nameOf(t, of), state: provider.TemplateDraft, createdAt: tx.Now}
		}
		if r.doing == 0 && r.channelID != channels[a.Name] { // at another channel it is another template
			r.channelID, r.template, r.digest, r.state, r.comments = channels[a.Name], "", id.ID{}, provider.TemplateDraft, nil
		}
		r.wish, r.remark, r.problem, r.tries = wishSubmit, remark, "", 0
		r.purpose = cmp.Or(w.Purpose, r.purpose)
		r.lookAt = tx.Now.Add(r.lookEvery())
		if fresh {
			err = insert(tx, r)
		} else {
			err = save(tx, r)
		}
		if err == nil {
			err = s.put(tx, actJob(r, 0))
		}
		if err != nil {
			return err
		}
	}
	return noteWish(tx, w, wishSubmit, accounts)
}

// choose gives the accounts at which a template is to be submitted.
func (s *Service) choose(w Wish, channels map[string]string, channel string) (out []*Account, err error) {
	bad := fault.New(fault.Invalid, fault.CodeValidation, "the template cannot be submitted so")
	mine := s.of(w.Site)
	for i, name := range w.Accounts {
		place := fmt.Sprintf("/providers/%d", i)
		n := slices.IndexFunc(mine, func(a *Account) bool { return a.Name == name })
		switch {
		case n < 0:
			_ = bad.At(place, "there is no provider account %q that carries Alimtalk for this site", name)
		case !mine[n].acts().Has(provider.AddTemplate):
			_ = bad.At(place, "the vendor of %s takes templates in its own console alone; its operator can set the ids under providers", name)
		case channels[name] == "":
			_ = bad.At(place, "the channel %s is not registered at %s; register it first, or have the operator set its id", channel, name)
		case asks(mine[n]) && !declared(w.Purpose):
			_ = bad.At("/purpose", "the vendor of %s wants to know what the template is for, and that somebody has checked it", name)
		default:
			out = append(out, mine[n])
		}
	}
	if w.Accounts == nil {
		for _, a := range mine {
			if a.acts().Has(provider.AddTemplate) && channels[a.Name] != "" && (!asks(a) || declared(w.Purpose)) {
				out = append(out, a)
			}
		}
		if len(out) == 0 {
			_ = bad.At("/providers", "the channel %s is registered at no provider account that takes templates, or the one that does wants a purpose", channel)
		}
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return out, nil
}

// asks says whether an account's vendor wants the purpose of a template.
func asks(a *Account) bool { return a.acts().Has(provider.DeclareTemplate) }

func declared(p *provider.Purpose) bool { return p != nil && p.Confirmed }

// rowsOf locks the rows of a template, in the order of their accounts.
func rowsOf(tx *db.Tx, siteID, code string) ([]*row, error) {
	found, err := find(tx.LookupForUpdate, one("site_id", siteID), one("code", code))
	slices.SortFunc(found, func(a, b *row) int { return cmp.Compare(a.account, b.account) })
	return found, err
}

// at is the row of an account; nil = it has none.
func at(rows []*row, account string) *row {
	for _, r := range rows {
		if r.account == account {
			return r
		}
	}
	return nil
}

// Withdraw takes a template out of its inspection, Release wakes one that has become dormant,
// Comment writes to the inspector: at the accounts named, or at all where it stands so. Faults:
// NotFound, Invalid, and StateConflict where no account has it so.
func (s *Service) Withdraw(tx *db.Tx, w Wish) error {
	return s.ask(tx, w, wishWithdraw, provider.WithdrawTemplate, "in inspection", func(r *row) bool { return r.state == provider.TemplateInspecting })
}

// Release is described at Withdraw.
func (s *Service) Release(tx *db.Tx, w Wish) error {
	return s.ask(tx, w, wishRelease, provider.ReleaseTemplate, "dormant", func(r *row) bool { return r.state == provider.TemplateDormant })
}

// Comment is described at Withdraw.
func (s *Service) Comment(tx *db.Tx, w Wish) error {
	if strings.TrimSpace(w.Comment) == "" {
		return fault.Check("/comment", "say something to the inspector")
	}
	return s.ask(tx, w, wishComment, provider.CommentTemplate, "rejected or in inspection", func(r *row) bool {
		return r.state == provider.TemplateRejected || r.state == provider.TemplateInspecting
	})
}

// ask notes a wish in the rows that it is about.
func (s *Service) ask(tx *db.Tx, w Wish, what wish, act provider.TemplateActs, stands string, fits func(*row) bool) error {
	if _, err := message.LockTemplate(tx, w.Site, w.Code); err != nil {
		return err
	}
	remark, err := w.remark()
	if err != nil {
		return err
	}
	rows, err := rowsOf(tx, w.Site, w.Code)
	if err != nil {
		return err
	}
	for i, name := range w.Accounts {
		place := fmt.Sprintf("/providers/%d", i)
		switch r := at(rows, name); {
		case r == nil:
			return fault.Check(place, "the template is not at %s", name)
		case !s.account(name).acts().Has(act):
			return fault.Check(place, "the vendor of %s takes it in its own console alone", name)
		}
	}
	var accounts []string
	for _, a := range s.of(w.Site) {
		r := at(rows, a.Name)
		named := w.Accounts == nil || slices.Contains(w.Accounts, a.Name)
		if r == nil || !named || !a.acts().Has(act) || !fits(r) {
			continue
		}
		r.wish, r.remark, r.problem, r.tries = what, remark, "", 0
		if err := save(tx, r); err != nil {
			return err
		}
		if err := s.put(tx, actJob(r, 0)); err != nil {
			return err
		}
		accounts = append(accounts, a.Name)
	}
	if len(accounts) == 0 {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "template %s is not %s at any provider account that takes this", w.Code, fault.Word(stands))
	}
	return noteWish(tx, w, what, accounts)
}

// Look has the vendors asked at once where a template stands.
func (s *Service) Look(tx *db.Tx, siteID, code string) error {
	if _, err := message.LockTemplate(tx, siteID, code); err != nil {
		return err
	}
	rows, err := rowsOf(tx, siteID, code)
	if err != nil {
		return err
	}
	for _, r := range rows {
		r.lookAt = tx.Now
		if err := save(tx, r); err != nil {
			return err
		}
		if err := s.put(tx, lookJob(r.account, 0)); err != nil {
			return err
		}
	}
	return nil
}

// Follow has ids that an operator set by hand followed from now on. It is part of the
// transaction that set them.
func (s *Service) Follow(tx *db.Tx, t message.Template) error {
	rows, err := rowsOf(tx, t.Site, t.Code)
	if err != nil {
		return err
	}
	for i := range s.accounts {
		a := &s.accounts[i]
		ids := t.Providers[a.Name]
		r := at(rows, a.Name)
		if a.keeper() == nil || ids.TemplateID == "" || ids.ChannelID == "" || r != nil && r.doing != 0 {
			continue
		}
		digest, err := digestOf(t, ids.ChannelID)
		if err != nil {
			return err
		}
		if r != nil && r.template == ids.TemplateID && r.channelID == ids.ChannelID && (r.digest == digest || t.State != message.TemplateApproved) {
			continue // nothing new is said of it
		}
		fresh := r == nil
		if fresh {
			r = &row{site: t.Site, id: id.New(), code: t.Code, account: a.Name, createdAt: tx.Now}
		}
		r.channelID, r.template, r.name, r.digest, r.state, r.wish, r.problem, r.comments = ids.ChannelID, ids.TemplateID, "", digest, t.State, wishNone, "", nil
		r.lookAt = tx.Now
		if fresh {
			err = insert(tx, r)
		} else {
			err = save(tx, r)
		}
		if err == nil {
			err = s.put(tx, lookJob(a.Name, 0))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Forget has what vendors have of a template that its site removes removed there too, where
// they do that: one that was approved stays. It is part of the transaction that removes it.
func (s *Service) Forget(tx *db.Tx, siteID, code string) error {
	rows, err := rowsOf(tx, siteID, code)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.doing == 0 && r.removal(s.account(r.account).acts()) == 0 {
			if err := remove(tx, r); err != nil {
				return err
			}
			continue
		}
		r.code, r.wish, r.remark = goneMark+r.id.String(), wishRemove, ""
		if err := save(tx, r); err != nil {
			return err
		}
		if err := s.put(tx, actJob(r, 0)); err != nil {
			return err
		}
	}
	return nil
}
