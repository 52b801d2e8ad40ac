// Package paper writes what a tenant's books need: the statement of a month, the entries
// behind it, the profile that both are billed by; how a message was checked and handed over;
// and, for the operator, tax invoices.
//
// What it promises:
//
//   - A statement adds up exactly: opening balance and movements make the closing balance,
//     channels make what was settled, and payments make what was paid. Payments have the VAT
//     that was charged and given back, not one computed anew. It is checked before it is given
//     out; one that does not add up is an error, never a paper.
//   - A statement is of one moment, and signed as a whole by the installation. It carries the
//     signed head of each of its days, the one before them, and the public keys.
//   - Whoever has a statement, with or without its entries, can prove it without a database
//     and without us: Verify needs nothing else. No byte of either can change unseen, unless it
//     means nothing, such as a space.
//   - A compliance record says of a message what its content and its rows say at one moment, and
//     is signed and proven as a statement is. Numbers are in it only where somebody names one.
//   - Entries are written in constant memory, with everything that their hashes are made of.
//     Notes are left out unless they are asked for.
//   - A payment that has no other paper stands in one tax invoice, and what went back of it in
//     one. An issued month stays as it was written; what changes later corrects it in a later
//     month. Whoever cannot be invoiced is listed with what is missing.
//   - Profiles are stored sealed: those of sites with the site's key, the operator's own with
//     one of the installation's, and so tax invoices, which the operator has to keep.
//
// It never moves money, and computes in no other type than money.Amount.
//
// # How a statement is signed
//
// The signature is Ed25519 over "creditmsg statement 2\n" and the statement as compact JSON,
// members in the order of the type Statement, without the member signature. A head is signed
// as credit.Head.Text says. Statements of the form 1, whose VAT was computed from the entries,
// are still proven. A key's id is the first 16 hex digits of its SHA-256.
//
// A statement that is not complete says how the month stands so far; nobody can tell from it
// that nothing was left out later. Who wants to be sure that it is ours gives Verify the
// public key that he noted earlier: a forger can sign with a key of his own.
//
// A compliance record is signed in the same way, over "creditmsg compliance 1\n" and the record.
//
// Tables owned: paper_profile, paper_tax_run, paper_tax_row, paper_tax_item.
//
// Reading order: statement.go (what a statement is, and how it is made), payment.go, sum.go
// (that it adds up), sign.go (its bytes); grid.go with csv.go and xlsx.go (for people);
// receipt.go (of a payment); export.go with line.go (entries); verify.go with verify_entry.go;
// profile.go; compliance.go with compliance_verify.go; tax.go (tax invoices of a month), tax_sort.go (which payment stands in which),
// tax_check.go, tax_store.go (issuing), tax_form.go (Hometax's form), unissued.go (what a site is still to get); noted.go.
package paper
