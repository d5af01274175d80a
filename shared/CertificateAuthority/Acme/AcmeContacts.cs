using System.Net.Mail;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Whom an account names: mail addresses (RFC 8555 7.3: no header fields, one address).</summary>
internal static class AcmeContacts
{
    private const int Most = 10;
    private const int Longest = 254;
    private const string MailTo = "mailto:";

    /// <summary>Throws <c>unsupportedContact</c> and <c>invalidContact</c>.</summary>
    public static IReadOnlyList<string> Require(IReadOnlyList<string>? wanted)
    {
        if (wanted is { Count: > Most })
        {
            throw AcmeException.Of("invalidContact", $"There are more than {Most} contacts.", 400);
        }

        foreach (var contact in wanted ?? [])
        {
            if (!IsMail(contact))
            {
                throw AcmeException.Of("unsupportedContact", "Contacts are mailto: URLs.", 400);
            }

            if (!IsOneAddress(contact))
            {
                throw AcmeException.Of("invalidContact", "A contact is not one mail address.", 400);
            }
        }

        return wanted ?? [];
    }

    /// <summary>Those that <see cref="Require"/> would let pass.</summary>
    public static IReadOnlyList<string> Of(IEnumerable<string?> contacts) => [.. contacts.OfType<string>().Where(contact => IsMail(contact) && IsOneAddress(contact)).Take(Most)];

    private static bool IsMail(string? contact) => contact is not null && contact.StartsWith(MailTo, StringComparison.OrdinalIgnoreCase);

    private static bool IsOneAddress(string contact)
    {
        var address = contact[MailTo.Length..];
        return address.Length <= Longest && !address.AsSpan().ContainsAny("?,%") && !address.Any(char.IsControl) && MailAddress.TryCreate(address, out var parsed) && parsed.Address == address;
    }
}
