namespace IoTPlatform.Tenant.Features.Join.Checks;

/// <summary>The Sub-CA key exists and opens with the CA password. It never leaves this machine.</summary>
internal sealed class SubCaKeyCheck(SubCaAtBoot subCa) : IFirstBootCheck
{
    public string Name => "sub-ca-key";

    // An installed Sub-CA is opened, key and all, by its own check.
    public Task<string?> InspectAsync(CancellationToken cancellationToken) =>
        Task.FromResult(subCa.IsInstalled || subCa.HasKey ? null : "no Sub-CA key has been opened");

    public Task FixAsync(CancellationToken cancellationToken)
    {
        _ = subCa.Key;
        return Task.CompletedTask;
    }
}
