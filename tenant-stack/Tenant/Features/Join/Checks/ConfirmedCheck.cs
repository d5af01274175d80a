using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Join;

namespace IoTPlatform.Tenant.Features.Join.Checks;

/// <summary>The provider knows that everything arrived; that ends the JOIN key.</summary>
internal sealed class ConfirmedCheck(JoinFiles files, ProviderLink provider, SubCaAtBoot subCa, IdentityStore identity, TimeProvider time) : IFirstBootCheck
{
    public string Name => "confirm";

    public async Task<string?> InspectAsync(CancellationToken cancellationToken) =>
        (await identity.FindAsync(cancellationToken))?.ConfirmedAt is null ? "the provider does not know yet that the bundle arrived" : null;

    public async Task FixAsync(CancellationToken cancellationToken)
    {
        var tenantId = files.ReadBundle()!.TenantId;
        await provider.CallAsync(async client =>
        {
            var proof = KeyProof.Create(subCa.Key, tenantId, client.ConfirmUrl(tenantId), time);
            await client.ConfirmJoinAsync(tenantId, new JoinConfirmation { Proof = proof }, cancellationToken);
            return true;
        });
        await identity.ConfirmAsync(time.GetUtcNow(), cancellationToken);
    }
}
