using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The states of RFC 8555 7.1.6.</summary>
internal static class AcmeStatus
{
    public const string Pending = "pending";
    public const string Processing = "processing";
    public const string Ready = "ready";
    public const string Valid = "valid";
    public const string Invalid = "invalid";
    public const string Deactivated = "deactivated";
    public const string Expired = "expired";
}

/// <summary>A DNS name in lower case, an IP address (RFC 8738) in its one written form, what a manufacturer calls a device (draft-ietf-acme-device-attest 3), or a <see cref="WireIdentity"/>.</summary>
internal sealed record AcmeIdentifier(string Type, string Value)
{
    public const string Dns = "dns";
    public const string Ip = "ip";
    public const string Permanent = "permanent-identifier";
    private const string AnyLabel = "*.";

    /// <summary>By which inventories have it.</summary>
    [JsonIgnore]
    public string Name => WireIdentity.IsType(Type) ? WireIdentity.Parse(this).Uri : Value;

    [JsonIgnore]
    public bool IsWildcard => Type == Dns && Value.StartsWith(AnyLabel, StringComparison.Ordinal);

    /// <summary>As an authorization names it: the wildcard's domain.</summary>
    [JsonIgnore]
    public AcmeIdentifier Proven => IsWildcard ? this with { Value = Value[AnyLabel.Length..] } : this;

    public static AcmeIdentifier Of(RequestedIdentifier requested)
    {
        switch (requested)
        {
            case { Type: Dns, Value: { Length: > 0 } name }:
                return new AcmeIdentifier(Dns, name.ToLowerInvariant());
            case { Type: Ip, Value: { Length: > 0 } text }:
                // In the form of RFC 5952 only: one address has one identifier.
                return IPAddress.TryParse(text, out var address) && address.ToString() == text && !address.IsIPv4MappedToIPv6
                    ? new AcmeIdentifier(Ip, text)
                    : throw AcmeException.Malformed("An identifier of type ip is not an address in its shortest form.");
            case { Type: Permanent, Value: { Length: > 0 } value }:
                return new AcmeIdentifier(Permanent, value);
            case { Type: WireIdentity.User or WireIdentity.Device, Value: { Length: > 0 } value }:
                var wire = new AcmeIdentifier(requested.Type, value);
                _ = WireIdentity.Parse(wire);
                return wire;
            case { Type: Dns or Ip or Permanent or WireIdentity.User or WireIdentity.Device }:
                throw AcmeException.Malformed("An identifier has no value.");
            default:
                throw AcmeException.Of("unsupportedIdentifier", $"Identifiers are of type dns, ip, permanent-identifier, {WireIdentity.User} or {WireIdentity.Device}.", 400);
        }
    }

    /// <summary>Throws <see cref="PkiException"/> for one that no certificate may have.</summary>
    public static SubjectNames NamesOf(IEnumerable<AcmeIdentifier> identifiers, string? commonName)
    {
        var all = identifiers.ToList();
        var wire = all.Where(i => WireIdentity.IsType(i.Type)).Select(WireIdentity.Parse).ToList();
        var names = new SubjectNames
        {
            CommonName = commonName ?? all.Find(i => i.Type == Permanent)?.Value ?? wire.FirstOrDefault()?.Name,
            Dns = [.. all.Where(i => i.Type == Dns).Select(i => i.Value)],
            Ip = [.. all.Where(i => i.Type == Ip).Select(i => IPAddress.Parse(i.Value))],
            Uris = [.. wire.Select(identity => identity.Uri)],
            PermanentIdentifiers = [.. all.Where(i => i.Type == Permanent).Select(i => i.Value)],
        };
        names.Validate();
        return names;
    }
}

internal sealed record AcmeAccount(string Id, string Provisioner, string Thumbprint, string Jwk, IReadOnlyList<string> Contacts, string Status)
{
    /// <summary>Id of the operator's key that it is bound to; null: to none.</summary>
    public string? ExternalAccountKey { get; init; }
}

internal sealed record AcmeOrder
{
    public required string Id { get; init; }

    public required string AccountId { get; init; }

    public required string Status { get; init; }

    public required DateTimeOffset Expires { get; init; }

    public DateTimeOffset? NotBefore { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    public AcmeProblem? Error { get; init; }

    /// <summary>Of <see cref="AcmeProfiles"/>; null: the provisioner's own claims hold.</summary>
    public string? Profile { get; init; }

    /// <summary>Unique identifier of the certificate that it replaces (RFC 9773 5).</summary>
    public string? Replaces { get; init; }

    /// <summary>Of its certificate, once it is valid.</summary>
    public byte[]? Serial { get; init; }

    public required IReadOnlyList<AcmeAuthorization> Authorizations { get; init; }

    public IEnumerable<AcmeIdentifier> Identifiers => Authorizations.Select(authorization => authorization.Ordered);

    /// <summary>An order that was never finished ends with its time.</summary>
    public string StatusAt(DateTimeOffset now) => Status is AcmeStatus.Pending or AcmeStatus.Ready && now >= Expires ? AcmeStatus.Invalid : Status;
}

/// <summary>What an order got.</summary>
/// <param name="Der">Null: nothing yet, or it is not on record any more.</param>
internal sealed record AcmeCertificate(byte[]? Der);

internal sealed record AcmeAuthorization
{
    public required string Id { get; init; }

    public required string AccountId { get; init; }

    public required AcmeIdentifier Identifier { get; init; }

    public required bool IsWildcard { get; init; }

    public required string Status { get; init; }

    public required DateTimeOffset Expires { get; init; }

    public IReadOnlyList<AcmeChallenge> Challenges { get; init; } = [];

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of the key that a device attested.</summary>
    public byte[]? AttestedKey { get; init; }

    /// <summary>What was vouched for when it was proven, JSON; null: nothing more than the identifier.</summary>
    public string? Claims { get; init; }

    public AcmeIdentifier Ordered => IsWildcard ? Identifier with { Value = "*." + Identifier.Value } : Identifier;

    /// <summary>A proof holds no longer than its authorization (RFC 8555 7.1.6).</summary>
    public string StatusAt(DateTimeOffset now) => Status is AcmeStatus.Pending or AcmeStatus.Valid && now >= Expires ? AcmeStatus.Expired : Status;
}

internal sealed record AcmeChallenge(string Id, string Type, string Token, string Status, DateTimeOffset? Validated, AcmeProblem? Error);

internal static class AcmeId
{
    private const int Bytes = 24;

    /// <summary>Not to be guessed: RFC 8555 8.1 asks for 128 bits in a token.</summary>
    public static bool IsOne(string text) => text.Length == System.Buffers.Text.Base64Url.GetEncodedLength(Bytes) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    public static string New() => System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
}
