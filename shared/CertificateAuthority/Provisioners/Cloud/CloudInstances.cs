using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>
/// What the provisioners of clouds say alike of instances. A cloud vouches for an instance, not for the names it asks for: by default whoever asks first for an instance is trusted with any
/// names, once (trust on first use).
/// </summary>
internal sealed class CloudInstances
{
    /// <summary>Of every definition.</summary>
    public static readonly string[] Members = ["disableCustomSANs", "disableTrustOnFirstUse", "options"];

    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    private readonly string _provisioner;
    private readonly bool _isTrustedAgain;
    private readonly TimeSpan? _oldest;

    /// <summary>Throws 422 for what is not understood.</summary>
    public CloudInstances(ProvisionerDefinition definition)
    {
        _provisioner = definition.Name;
        HasOwnNamesOnly = ProvisionerDefinition.FlagOf(definition["disableCustomSANs"], "disableCustomSANs");
        _isTrustedAgain = ProvisionerDefinition.FlagOf(definition["disableTrustOnFirstUse"], "disableTrustOnFirstUse");
        _oldest = definition.Text("instanceAge") is not { Length: > 0 } text ? null
            : TimeOrDuration.TryParseDuration(text, out var age) && age >= TimeSpan.Zero ? age == TimeSpan.Zero ? null : age
            : throw ProvisionerDefinition.Refused("its instanceAge is no duration such as 1h.");
    }

    /// <summary>Whether an instance gets the names that the cloud gave it and no others.</summary>
    public bool HasOwnNamesOnly { get; }

    /// <summary>Throws <see cref="JoseException"/> for an instance that began too long ago; its beginning is asked for where that matters.</summary>
    public void RequireYoung(Func<DateTimeOffset> beganAt, DateTimeOffset now)
    {
        if (_oldest is { } oldest && now - beganAt() > oldest)
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The token buys nothing here: the instance is too old.");
        }
    }

    /// <summary>What is spent with the certificate, in its commit: the instance, for ever, or this token alone.</summary>
    public UsedToken Spend(OneTimeToken token, string instance) => _isTrustedAgain
        ? new UsedToken(SHA256.HashData([.. Encoding.UTF8.GetBytes(_provisioner), 0, .. token.Jws.Payload.Span]), token.Claims.Expires!.Value.ToUniversalTime() + ClockSkew)
        : new UsedToken(SHA256.HashData(Encoding.UTF8.GetBytes($"{_provisioner}\0instance\0{instance}")), DateTimeOffset.MaxValue);

    /// <summary>Throws <see cref="JoseException"/> unless the list is empty or has the value: an empty one is no restriction.</summary>
    public static void Require(IReadOnlyList<string> permitted, string? value, string what, StringComparer? comparer = null)
    {
        if (permitted.Count > 0 && (value is null || !permitted.Contains(value, comparer ?? StringComparer.Ordinal)))
        {
            throw new JoseException(JoseError.KeyNotAllowed, $"The token buys nothing here: it is of no permitted {what}.");
        }
    }
}
