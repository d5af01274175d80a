using IoTPlatform.Tenant.Features.Uplink;

namespace IoTPlatform.Tenant.Features.SubCa;

/// <summary>Finishes a rotation that a crash or an absent provider interrupted.</summary>
internal sealed class ResumeRotation(SubCaRotation rotation) : IUpkeepTask
{
    public string Name => "sub-ca-rotation";

    public Task<bool> RunAsync(CancellationToken cancellationToken) => rotation.ResumeAsync(cancellationToken);
}
