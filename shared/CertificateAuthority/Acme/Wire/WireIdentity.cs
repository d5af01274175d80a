using System.Text.Json;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>
/// Whom an identifier of a Wire messenger client names, as step-ca has them: <c>wireapp-user</c> a person, <c>wireapp-device</c> one of the person's clients. The identifier's value is a JSON
/// object, and what of it goes into the certificate are the URIs in it.
/// </summary>
/// <param name="Name">That people see.</param>
/// <param name="Domain">Of the Wire server.</param>
/// <param name="Handle"><c>wireapp://%40{handle}@{domain}</c>.</param>
/// <param name="ClientId"><c>wireapp://{user}!{device}@{domain}</c>; null: of a person.</param>
internal sealed record WireIdentity(string Name, string Domain, string Handle, string? ClientId)
{
    public const string User = "wireapp-user";
    public const string Device = "wireapp-device";

    private const string Scheme = "wireapp://";
    private const int LongestValue = 2048;

    /// <summary>In the client's id; empty: of a person.</summary>
    public string DeviceId => ClientId is null ? "" : ClientId[(ClientId.IndexOf('!') + 1)..ClientId.LastIndexOf('@')];

    /// <summary>What the certificate says of it.</summary>
    public string Uri => ClientId ?? Handle;

    public static bool IsType(string type) => type is User or Device;

    /// <summary>Throws <c>malformed</c> for what names nobody.</summary>
    public static WireIdentity Parse(AcmeIdentifier identifier)
    {
        if (identifier.Value.Length > LongestValue)
        {
            throw Malformed("is too long");
        }

        try
        {
            var json = JsonElement.Parse(identifier.Value, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 2 });
            if (json.ValueKind != JsonValueKind.Object)
            {
                throw Malformed("is no JSON object");
            }

            var isDevice = identifier.Type == Device;
            var identity = new WireIdentity(TextOf(json, "name"), TextOf(json, "domain"), TextOf(json, "handle"), isDevice ? TextOf(json, "client-id") : null);
            if (!(IsAt(identity.Handle, identity.Domain) && IsHandle(identity.Handle)) || (identity.ClientId is { } client && !(IsAt(client, identity.Domain) && IsDevice(client))))
            {
                throw Malformed("names no wireapp address of its domain");
            }

            return identity;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter: half of a surrogate pair.
            throw AcmeException.Malformed("The value of a Wire identifier is no JSON object, has a member twice, or has text that is none.", e);
        }
    }

    /// <summary>Throws <c>malformed</c> for an order of anything but one person and one of that person's clients.</summary>
    public static void RequirePair(IReadOnlyList<AcmeIdentifier> identifiers)
    {
        if (identifiers.Count != 2 || identifiers.FirstOrDefault(one => one.Type == User) is not { } user || identifiers.FirstOrDefault(one => one.Type == Device) is not { } device)
        {
            throw AcmeException.Malformed($"An order of a {User} has one {Device}, and no other identifier.");
        }

        if (Parse(user) != Parse(device) with { ClientId = null })
        {
            throw AcmeException.Malformed($"The {User} and the {Device} of an order have one name, domain and handle.");
        }
    }

    private static string TextOf(JsonElement json, string member) => json.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
        ? text
        : throw Malformed($"has no {member}");

    /// <summary>One that is read alike everywhere: an account before the one domain, and nothing after it.</summary>
    private static bool IsAt(string address, string domain) =>
        System.Uri.CheckHostName(domain) == UriHostNameType.Dns && address.StartsWith(Scheme, StringComparison.Ordinal) && address.EndsWith("@" + domain, StringComparison.Ordinal)
        && address.Length > Scheme.Length + 1 + domain.Length
        && address.AsSpan(Scheme.Length, address.Length - Scheme.Length - 1 - domain.Length) is var account && !account.ContainsAny("/?#@:\\") && System.Uri.IsWellFormedUriString(address, UriKind.Absolute);

    /// <summary>Not of the form of a client's id, which might be another person's.</summary>
    private static bool IsHandle(string handle) => handle.StartsWith(Scheme + "%40", StringComparison.Ordinal) && !handle.Contains('!');

    /// <summary>The device is part of an address that the operator's template makes.</summary>
    private static bool IsDevice(string client) =>
        client.Count(c => c == '!') == 1 && client[(client.IndexOf('!') + 1)..client.LastIndexOf('@')] is { Length: > 0 } device && device.All(char.IsAsciiLetterOrDigit) && client.IndexOf('!') > Scheme.Length;

    private static AcmeException Malformed(string what) => AcmeException.Malformed($"The value of a Wire identifier {what}.");
}
