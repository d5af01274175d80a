using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Removal;

/// <summary>First, because it needs nobody else: whatever is down, the tenant is locked out at once.</summary>
internal sealed class RevokeCertificatesStep(TenantCertificates certificates) : IRemovalStep
{
    public string Name => "revoke-certificates";

    public Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken) =>
        certificates.RevokeAsync(input.TenantId, _ => true, RevocationReason.CessationOfOperation("tenant removed"), "system", cancellationToken);
}
