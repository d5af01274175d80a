using IoTPlatform.Pki.Signing.Tests.Verifiers;

namespace IoTPlatform.Pki.Signing.Tests.Attacks;

/// <summary>A hostile Sub-CA signs a server certificate for every name of the provider; what the field's clients verify with has to refuse each.</summary>
public sealed class ProviderNameTests : IDisposable
{
    // step judges by the machine's clock.
    private readonly Hierarchy _pki = new(TimeProvider.System.GetUtcNow());

    public static TheoryData<string> Verifiers { get; } = ["openssl", "go", "java", "python", "dotnet"];

    [SkippableTheory]
    [MemberData(nameof(Verifiers))]
    public async Task Sign_NameOfTheProvider_IsRefused(string verifier)
    {
        var names = Hierarchy.ProviderNames.Where(name => !ServerName.IsLoopback(name)).ToList();
        var checks = names.Select(name => Check(name, name)).ToList();

        var reasons = await Verifier(verifier).CheckAsync(_pki, checks);

        reasons.Count.ShouldBe(checks.Count);
        names.Zip(reasons).Where(pair => pair.Second is null).Select(pair => pair.First).ShouldBeEmpty();
    }

    /// <summary>A wildcard lies outside the subtree of the host that it matches, so its parent has to be excluded, too.</summary>
    [SkippableTheory]
    [MemberData(nameof(Verifiers))]
    public async Task Sign_WildcardThatMatchesTheProvider_IsRefused(string verifier)
    {
        List<HostCheck> checks = [Check("iot.provider.example", "*.provider.example"), Check("iot.provider.example", "i*.provider.example"), Check("broker.provider.example", "*.provider.example")];

        (await Verifier(verifier).CheckAsync(_pki, checks)).ShouldNotContain((string?)null);
    }

    /// <summary>The control: the same verifiers take the tenant's own names, so a refusal is one of the name.</summary>
    [SkippableTheory]
    [MemberData(nameof(Verifiers))]
    public async Task Sign_OwnName_IsAccepted(string verifier) =>
        (await Verifier(verifier).CheckAsync(_pki, [Check("iot.acme.example", "iot.acme.example"), Check("198.51.100.1", "198.51.100.1")])).ShouldBe([null, null]);

    public void Dispose() => _pki.Dispose();

    /// <summary>Without a SPIFFE id: python-cryptography knows no URI constraints and refuses a certificate to which one applies.</summary>
    private HostCheck Check(string host, string name) => new(host, HostileTenant.Sign(_pki, new SubjectNames { CommonName = "x", Dns = Dns(name), Ip = Ip(name) }));

    private static System.Collections.Immutable.ImmutableArray<string> Dns(string name) => System.Net.IPAddress.TryParse(name, out _) ? [] : [name];

    private static System.Collections.Immutable.ImmutableArray<System.Net.IPAddress> Ip(string name) => System.Net.IPAddress.TryParse(name, out var address) ? [address] : [];

    private static IForeignVerifier Verifier(string name) => name switch
    {
        "openssl" => new OpenSslVerifier(),
        "go" => new GoVerifier(),
        "java" => new JavaVerifier(),
        "python" => new PythonVerifier(),
        _ => new DotNetVerifier(),
    };
}
