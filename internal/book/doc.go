// Package book is the address book of a site: the people it writes to again and again,
// and the groups that they are in.
//
// What it promises:
//
//   - A number stands once in a site's book. It is found by a keyed hash; the number itself,
//     the name, what else is known of somebody, and the names of groups are sealed with the
//     site's key and in no log.
//   - A group is who is in it at the moment of looking. Members come page by page in one order
//     that changes of others do not move.
//   - Erasing a contact erases it from every group in the same transaction. What was sent
//     before stays with its messages.
//   - A list is taken in row by row: a row that cannot be taken is reported with its line and
//     holds up no other, and taking the same list again changes nothing.
//
// It knows nothing of messages and money: package message asks it who is in a group, and
// decides itself who can be sent to.
//
// Who changes a book locks its row of book_shelf before anything else of it.
//
// Tables owned: book_shelf, book_contact, book_group, book_member.
//
// Reading order: contact.go with entry.go (what a contact may hold, pure), group.go,
// member.go, take.go (lists in) with rows.go, export.go (lists out), noted.go.
package book
