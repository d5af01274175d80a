using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Interop;

/// <summary>Go's verifier, through the step CLI. It judges by its own clock, so the certificates are of today.</summary>
public sealed class StepCliTests : IDisposable
{
    private readonly Hierarchy _pki = new(TimeProvider.System.GetUtcNow());
    private readonly TempFolder _folder = new();

    [SkippableFact]
    public async Task Verify_TenantService_IsAccepted()
    {
        var names = SubjectNames.FromSans("iot.acme.example", ["iot.acme.example", "10.0.0.1", SpiffeId.Service("acme", Hierarchy.PlatformDomain, "api")]);
        var leaf = Hierarchy.Issue(_pki.Acme, _pki.Template(Profiles.Service, names));

        var result = await VerifyAsync(leaf.Pem + _pki.AcmeChain.IntermediatesPem, "--host", "iot.acme.example");

        result.ExitCode.ShouldBe(0, result.Error);
    }

    [SkippableFact]
    public async Task Verify_StepLeaf_IsAccepted()
    {
        var template = _pki.Template(Profiles.Leaf, SubjectNames.FromSans("x.acme.example", ["x.acme.example"])) with
        {
            StepProvisioner = new StepProvisionerExtension(StepProvisionerExtension.Jwk, "iot-bridge", "kid-1"),
        };

        var result = await VerifyAsync(Hierarchy.Issue(_pki.Acme, template).Pem + _pki.AcmeChain.IntermediatesPem);

        result.ExitCode.ShouldBe(0, result.Error);
    }

    [SkippableTheory]
    [InlineData("iot.provider.example")]
    [InlineData("*.provider.example")]
    [InlineData("192.0.2.7")]
    [InlineData("spiffe://globex.iotplatform.internal/device/x")]
    public async Task Verify_HostileName_IsRefused(string name)
    {
        var leaf = HostileTenant.Sign(_pki, SubjectNames.FromSans("x", [name, "ok.acme.example"]));

        var result = await VerifyAsync(Pem.Certificates([leaf]) + _pki.AcmeChain.IntermediatesPem, "--host", "ok.acme.example");

        result.ExitCode.ShouldNotBe(0);
        (result.Error + result.Output).ShouldMatch("not permitted|excluded");
    }

    public void Dispose()
    {
        _pki.Dispose();
        _folder.Dispose();
    }

    private async Task<ToolResult> VerifyAsync(string bundle, params string[] more)
    {
        var step = Requires.Tool("step");
        File.WriteAllText(_folder.Combine("bundle.crt"), bundle);
        File.WriteAllText(_folder.Combine("root.crt"), Pem.Certificates([_pki.Root.Certificate]));
        return await Tools.RunAsync(
            step, ["certificate", "verify", _folder.Combine("bundle.crt"), "--roots", _folder.Combine("root.crt"), .. more],
            environment: new Dictionary<string, string?>(StringComparer.Ordinal) { ["STEPPATH"] = _folder.Combine("step") });
    }
}
