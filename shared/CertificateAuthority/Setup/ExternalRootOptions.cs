using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A root that is not the platform's own: it signs the Intermediate CA, and its key is never here.</summary>
public sealed record ExternalRootOptions
{
    /// <summary>SHA-256 of the root, lower-case hex.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>A step-ca that signs with the root's key; null: the request is signed by hand.</summary>
    public UpstreamOptions? StepCa { get; init; }

    /// <summary>Null: the platform has a root of its own. What is wrong is kept by the reader.</summary>
    public static ExternalRootOptions? Read(SettingsReader settings)
    {
        var names = UpstreamSettings.Root;
        if (names.All.All(name => name == names.Fingerprint || settings.Secret(name) is null))
        {
            return settings[names.Fingerprint] is not null && UpstreamOptions.ReadFingerprint(settings, names) is { } fingerprint ? new ExternalRootOptions { Fingerprint = fingerprint } : null;
        }

        return UpstreamOptions.Read(settings, names) is { } stepCa ? new ExternalRootOptions { Fingerprint = stepCa.RootFingerprint, StepCa = stepCa } : null;
    }
}
