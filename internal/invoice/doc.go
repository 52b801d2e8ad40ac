// Package invoice holds what a carrier bills us, line by line, against what we charged our
// sites and what the carrier itself reported.
//
// It promises exactness both ways. Every line of a file is either matched with the leg that
// it bills or listed; every leg of the account that was delivered in the invoice's month is
// on the invoice or listed as missing; and nothing is listed that the rows do not prove. A
// file with a line that cannot be read is refused as a whole, with the place of each fault:
// no line is dropped, guessed or repaired. Importing a file again gives the same invoice,
// compared anew while nothing of it was posted, and as it was afterwards.
//
// What follows in money is proposed and never done by itself. Towards a site it is a refund,
// made by credit.Ledger.Refund when an operator confirms it, once for each leg whatever
// invoices say of it. Towards the carrier it is a claim, a list to be sent to them; no entry
// of a ledger follows from it. A leg that was delivered after it had been released is shown
// and never charged.
//
// Nothing personal is stored in the clear: of a phone number a line keeps only its sealed
// form, and no cell of the file that is free text is kept at all.
//
// Memory does not grow with the file: lines are stored, matched and compared in chunks, each
// by a few statements. Imports of one file that meet are told apart by a run: the later one
// takes the invoice over, and the earlier one ends with a conflict.
//
// Lock order: the invoice's row comes before everything else.
//
// Tables owned: invoice, invoice_line, invoice_difference, invoice_post.
//
// Reading order: kind.go (the closed list of differences), column.go and line.go (a file
// into lines), compare.go (one line against one leg, pure);
// with leg.go; then invoice.go, import.go, store.go, resolve.go, match.go, missing.go (the acts of an
// import), rows.go, apply.go (refunds), paper.go (lists for people).
package invoice
