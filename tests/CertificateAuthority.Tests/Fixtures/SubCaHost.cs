using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>A tenant's authority: its Sub-CA is signed by another host's intermediate, as JOIN does it.</summary>
public static class SubCaHost
{
    public const string Tenant = "acme";

    public static Task<CaHost> StartAsync(CaHost provider, ValidationAddress? validation = null) => CaHost.StartAsync(
        CaHost.DefaultOptions with { Tenant = Tenant, Validation = validation },
        issuers: async tenant =>
        {
            var subCa = new SubCa(tenant.Folder, tenant.Passwords, TimeProvider.System);
            using var key = subCa.EnsureKey();
            var issued = await SignAsync(provider, key.CreateCsrPem(new SubjectNames { CommonName = "acme Sub-CA" }));
            subCa.Install(issued.Pem, issued.ChainPem, provider.RootFingerprint);
            return subCa.Load();
        });

    public static Task<IssuedCertificate> SignAsync(CaHost provider, string csrPem, string? idempotencyKey = null) => provider.Authority.IssueAsync(
        new IssueRequest
        {
            Profile = Profiles.TenantSubCa,
            Csr = CertificateSigningRequest.ParsePem(csrPem),
            Names = new SubjectNames { CommonName = "acme Sub-CA" },
            NameConstraints = new NameConstraints { PermittedUriDomains = [SpiffeId.TrustDomain(Tenant, CaHost.DefaultOptions.PlatformDomain)], ExcludedDns = ["provider.example"] },
            Provisioner = "join",
            Requester = "tenant:acme",
            Tenant = Tenant,
            IdempotencyKey = idempotencyKey,
        },
        CancellationToken.None);
}
