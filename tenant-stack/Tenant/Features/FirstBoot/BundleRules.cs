using System.Security.Cryptography;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>What a JOIN bundle has to be before it is kept, and so before its key is spent.</summary>
internal sealed class BundleRules(TenantOptions options, ProviderLink provider, SubCaAtBoot subCa, TimeProvider time)
{
    /// <summary>Null: complete, for our keys, and below the trusted root. Throws <see cref="NotYetValidException"/>.</summary>
    public string? Problem(JoinBundle bundle, ECDsa bridgeKey)
    {
        using var root = provider.TrustedRoot()!;
        return BundleVerifier.Problem(bundle, subCa.Key.SubjectPublicKeyInfo, bridgeKey.ExportSubjectPublicKeyInfo(), root, provider.RevokedIntermediates(), time.GetUtcNow());
    }

    /// <summary>Throws <see cref="StartupException"/> for a bundle that is of no use, <see cref="ProviderBusyException"/> where only the clocks differ.</summary>
    public async Task RequireUsableAsync(JoinBundle bundle, ECDsa bridgeKey)
    {
        try
        {
            if (Problem(bundle, bridgeKey) is { } problem)
            {
                throw new StartupException($"the provider's answer cannot be used: {problem}");
            }
        }
        catch (NotYetValidException e)
        {
            throw new ProviderBusyException($"{e.Message}; {await provider.ClocksAsync()}", inner: e);
        }

        RequireNames(bundle);
    }

    /// <summary>A Sub-CA that may not certify this host's names is of no use.</summary>
    private void RequireNames(JoinBundle bundle)
    {
        using var certificate = Pem.ParseCertificate(bundle.SignedCert);
        if (NameConstraints.FromCertificate(certificate)?.Permits(options.CertifiedNames, out var name) == false)
        {
            throw new StartupException(
                $"the provider's name constraints do not let this tenant certify {name} ({TenantSettings.Names}, {TenantSettings.PublicUrl}): the provider's own names and their neighbours are excluded, "
                + "and a tenant with declared domains has names in those only. Use another name, or ask the provider's admin to prepare the tenant with the domain declared. The JOIN key is not spent");
        }
    }
}
