// Package vendor knows what the provider accounts have at their vendors besides messages:
// money, and sender numbers.
//
// It asks, and changes nothing there. Each account's balance is asked for every ten minutes and
// its list of sender numbers every six hours, by jobs of their own, so that a vendor that does
// not answer holds up no other; Ask asks at once. What was last heard stays, with its time and
// with what went wrong since. Accounts whose vendor does not tell have neither: no balance is
// never shown as one of zero, and no list never as an empty one.
//
// A balance that falls below an account's threshold is announced to the operator once
// (provider.balance_low), and again only after it has been above.
//
// Whether a vendor lists a sender number decides nothing: it is shown, so that nobody learns it
// from refused messages.
//
// Tables owned: vendor_account, vendor_sender.
//
// Reading order: vendor.go (the service and its jobs), balance.go, sender.go.
package vendor
