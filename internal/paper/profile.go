package paper

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// What paper is issued for a payment.
const (
	TaxInvoice          = "tax_invoice"           // 세금계산서
	CashReceiptBusiness = "cash_receipt_business" // 현금영수증, 지출증빙
	CashReceiptPerson   = "cash_receipt_person"   // 현금영수증, 소득공제
	NoPaper             = "none"
)

// Profile is by whom, or to whom, is billed.
type Profile struct {
	BusinessNumber    string `json:"business_number"`     // 사업자등록번호, ten digits
	Name              string `json:"name"`                // 상호
	Representative    string `json:"representative"`      // 대표자
	Address           string `json:"address"`             // 주소
	BusinessType      string `json:"business_type"`       // 업태
	BusinessItem      string `json:"business_item"`       // 종목
	Email             string `json:"email"`               // where papers are sent
	Paper             string `json:"paper"`               // one of the words above
	CashReceiptNumber string `json:"cash_receipt_number"` // a business number or a mobile number, as Paper says; digits
}

// longest are the most characters of each text; those of tax invoices are no longer.
const (
	longestName    = 70
	longestAddress = 150
	longestKind    = 40
	longestEmail   = 100
)

// check tidies the profile, and refuses what no paper could be made out to.
func (p *Profile) check() error {
	wrong := fault.New(fault.Invalid, fault.CodeValidation, "the request is not valid")
	for _, t := range []struct {
		at   string
		text *string
		most int
	}{
		{"/name", &p.Name, longestName}, {"/representative", &p.Representative, longestName}, {"/address", &p.Address, longestAddress},
		{"/business_type", &p.BusinessType, longestKind}, {"/business_item", &p.BusinessItem, longestKind}, {"/email", &p.Email, longestEmail},
	} {
		*t.text = strings.TrimSpace(*t.text)
		if !utf8.ValidString(*t.text) || strings.ContainsFunc(*t.text, unicode.IsControl) || utf8.RuneCountInString(*t.text) > t.most {
			_ = wrong.At(t.at, "want at most %d characters, none of them a control character", t.most)
		}
	}
	if p.BusinessNumber != "" {
		n, err := korea.ParseBusinessNumber(p.BusinessNumber)
		if p.BusinessNumber = string(n); err != nil {
			_ = wrong.At("/business_number", "want ten digits such as 124-81-00998, whose last one checks the others")
		}
	}
	if a, err := mail.ParseAddress(p.Email); p.Email != "" && (err != nil || a.Address != p.Email) {
		_ = wrong.At("/email", "want an address such as tax@example.com")
	}
	p.checkPaper(wrong)
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return nil
}

func (p *Profile) checkPaper(wrong *fault.Error) {
	if p.Paper == "" {
		p.Paper = NoPaper
	}
	given := p.CashReceiptNumber
	switch p.Paper {
	case TaxInvoice:
		for _, need := range []struct{ at, text string }{
			{"/business_number", p.BusinessNumber}, {"/name", p.Name}, {"/representative", p.Representative}, {"/email", p.Email},
		} {
			if need.text == "" && !named(wrong, need.at) {
				_ = wrong.At(need.at, "a tax invoice needs it")
			}
		}
	case CashReceiptBusiness:
		n, err := korea.ParseBusinessNumber(given)
		if p.CashReceiptNumber = string(n); err != nil {
			_ = wrong.At("/cash_receipt_number", "want the business number that the receipt is for")
		}
		return
	case CashReceiptPerson:
		n, err := korea.ParseMobile(given)
		if p.CashReceiptNumber = string(n); err != nil {
			_ = wrong.At("/cash_receipt_number", "want the mobile number that the receipt is for")
		}
		return
	case NoPaper:
	default:
		_ = wrong.At("/paper", "want %s, %s, %s or %s", TaxInvoice, CashReceiptBusiness, CashReceiptPerson, NoPaper)
	}
	if given != "" {
		_ = wrong.At("/cash_receipt_number", "only a cash receipt has one")
	}
}

func named(f *fault.Error, pointer string) bool {
	for _, at := range f.Fields {
		if at.Pointer == pointer {
			return true
		}
	}
	return false
}

// key gives what a profile is sealed with: the site's key, or, for site.Operator, one of the
// installation's.
func (p *Papers) key(tx *db.Tx, owner string) (*site.Key, error) {
	if owner == site.Operator {
		return p.keys.Installation(tx, site.PaperKey)
	}
	return p.keys.Site(tx, owner)
}

func profileContext(owner string) string { return "billing profile of " + owner }

// Profile gives the billing profile of a site, or of the operator for site.Operator; one that
// was never set asks for no paper. NotFound for a site whose data was erased.
func (p *Papers) Profile(tx *db.Tx, owner string) (Profile, error) {
	none := Profile{Paper: NoPaper}
	rows, err := tx.Lookup("paper_profile", []string{"sealed"}, db.Col("owner", []string{owner}))
	found, err := db.Collect(rows, err, func(r *sql.Rows) (b []byte, err error) { return b, r.Scan(&b) })
	if err != nil {
		return none, fmt.Errorf("read the billing profile of %s: %w", owner, err)
	}
	if len(found) == 0 {
		return none, nil
	}
	key, err := p.key(tx, owner)
	if err != nil {
		return none, err
	}
	text, err := key.Open(profileContext(owner), found[0])
	if err != nil {
		return none, fmt.Errorf("read the billing profile of %s: %w", owner, err)
	}
	var out Profile
	if err := json.Unmarshal(text, &out); err != nil {
		return none, fmt.Errorf("read the billing profile of %s: it is not one", owner) // the cause would quote it
	}
	return out, nil
}

// SetProfile replaces a billing profile, and gives it as it was stored. What no paper could be
// made out to is Invalid.
func (p *Papers) SetProfile(tx *db.Tx, owner string, set Profile) (Profile, error) {
	if err := set.check(); err != nil {
		return Profile{}, err
	}
	was, err := p.Profile(tx, owner)
	if err != nil {
		return Profile{}, err
	}
	key, err := p.key(tx, owner)
	if err != nil {
		return Profile{}, err
	}
	text, err := json.Marshal(set)
	if err != nil {
		return Profile{}, fmt.Errorf("write the billing profile of %s: %w", owner, err)
	}
	sealed := key.Seal(profileContext(owner), text)
	err = tx.InsertAbsent("paper_profile", []string{"owner"}, "owner", db.Col("owner", []string{owner}),
		db.Col("sealed", [][]byte{sealed}), db.Col("at", []db.Time{tx.Now}))
	if err == nil {
		_, err = tx.Exec(`UPDATE paper_profile SET sealed = ?, at = ? WHERE owner = ?`, sealed, tx.Now, owner)
	}
	if err != nil {
		return Profile{}, fmt.Errorf("write the billing profile of %s: %w", owner, err)
	}
	return set, noteProfile(tx, owner, was, set)
}

// addParties names who supplies and who is supplied, as far as the profiles say.
func (p *Papers) addParties(tx *db.Tx, s *Statement) (err error) {
	if s.Supplier, err = p.party(tx, site.Operator); err != nil {
		return err
	}
	s.Customer, err = p.party(tx, s.Site)
	return err
}

// party is who a profile names, nil for one that names nobody.
func (p *Papers) party(tx *db.Tx, owner string) (*Party, error) {
	f, err := p.Profile(tx, owner)
	if fault.Is(err, fault.NotFound) {
		return nil, nil // erased: what was billed is still true
	}
	if err != nil {
		return nil, err
	}
	if party := (Party{f.BusinessNumber, f.Name, f.Representative, f.Address}); party != (Party{}) {
		return &party, nil
	}
	return nil, nil
}
