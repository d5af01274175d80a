using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>The checks of this process's boot.</summary>
internal sealed record TenantJoin(IReadOnlyList<FirstBootStep> Steps);

/// <summary>How this tenant stands with its provider.</summary>
public sealed record JoinStatusView
{
    public required string TenantId { get; init; }
    public required Uri ProviderUrl { get; init; }
    public required string RootFingerprint { get; init; }

    /// <summary>In the order of the boot.</summary>
    public required IReadOnlyList<FirstBootStep> Steps { get; init; }
    public DateTimeOffset? ConfirmedAt { get; init; }

    /// <summary>Why the provider refuses this tenant; null: it takes it, as far as is known.</summary>
    public string? Refusal { get; init; }
    public DateTimeOffset? RefusedAt { get; init; }
    public required CertificateTimes SubCa { get; init; }

    /// <summary>Another key was made, and the provider has not certified it yet.</summary>
    public bool IsRotating { get; init; }
    public required CertificateTimes Bridge { get; init; }
}

/// <param name="Serial">Decimal.</param>
public sealed record CertificateTimes(string Serial, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>Reads it from where each part is true: the boot, the database, the files of the JOIN and the CA.</summary>
internal sealed class JoinStatus(TenantJoin join, JoinedTenant tenant, IdentityStore identity, JoinFiles files, Authority authority, CertificateAuthority.SubCa subCa, TenantOptions options) : IGuarded
{
    public static string Policy => Policies.Viewer;

    public async Task<JoinStatusView> ReadAsync(CancellationToken cancellationToken)
    {
        var known = await identity.FindAsync(cancellationToken);
        var bundle = files.ReadBundle() ?? throw new ProblemException(503, "bundle_unreadable", $"The join bundle on disk is missing or damaged: {files.Bundle}.");
        using var bridge = Pem.ParseCertificate(bundle.MqttBridgeCert);
        return new JoinStatusView
        {
            TenantId = tenant.TenantId,
            ProviderUrl = options.ProviderUrl,
            RootFingerprint = authority.RootFingerprint,
            Steps = join.Steps,
            ConfirmedAt = known?.ConfirmedAt,
            Refusal = known?.RefusedDetail ?? known?.RefusedCode,
            RefusedAt = known?.RefusedAt,
            SubCa = Times(authority.Chain.Issuer),
            IsRotating = subCa.IsRotating,
            Bridge = Times(bridge),
        };
    }

    private static CertificateTimes Times(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate) =>
        new(SerialNumber.ToDecimal(certificate.SerialNumberBytes.Span), CertificateDates.NotBeforeUtc(certificate), CertificateDates.NotAfterUtc(certificate));
}
