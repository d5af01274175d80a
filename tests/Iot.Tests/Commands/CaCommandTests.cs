using System.Text.Json;
using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.Iot.Tests.Commands;

public sealed class CaCommandTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly TestAuthority _authority = new();

    public CaCommandTests()
    {
        Directory.CreateDirectory(_temp.Combine("data", "certs"));
        File.WriteAllText(_temp.Combine("data", "certs", "root_ca.crt"), _authority.RootPem);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _temp.Dispose();
    }

    [Fact]
    public async Task Fingerprint_OfADataFolder_IsOneLine()
    {
        var (code, output, _) = await Cli.RunAsync("ca", "fingerprint", "--data", _temp.Combine("data"));

        (code, output).ShouldBe((ExitCode.Ok, Fingerprint.Of(_authority.Root) + "\n"));
    }

    [Fact]
    public async Task Fingerprint_OfAFile_IsTheSame()
    {
        var (_, output, _) = await Cli.RunAsync("ca", "fingerprint", _temp.Combine("data", "certs", "root_ca.crt"));

        output.Trim().ShouldBe(Fingerprint.Of(_authority.Root));
    }

    [Fact]
    public async Task Root_ToStdout_IsThePem()
    {
        var (code, output, _) = await Cli.RunAsync("ca", "root", "--data", _temp.Combine("data"));

        code.ShouldBe(ExitCode.Ok);
        output.Trim().ShouldBe(_authority.RootPem.Trim());
    }

    [Fact]
    public async Task Root_IntoAFile_WritesIt()
    {
        var (code, _, _) = await Cli.RunAsync("ca", "root", _temp.Combine("out.crt"), "--data", _temp.Combine("data"));

        code.ShouldBe(ExitCode.Ok);
        (await File.ReadAllTextAsync(_temp.Combine("out.crt"))).Trim().ShouldBe(_authority.RootPem.Trim());
    }

    [Fact]
    public async Task Inspect_FileWithAChain_ShowsEveryCertificate()
    {
        await File.WriteAllTextAsync(_temp.Combine("chain.pem"), _authority.ChainPem);

        var (code, output, _) = await Cli.RunAsync("ca", "inspect", _temp.Combine("chain.pem"), "--json");

        code.ShouldBe(ExitCode.Ok);
        var certificates = JsonDocument.Parse(output).RootElement;
        certificates.GetArrayLength().ShouldBe(2);
        certificates[0].GetProperty("subject").GetString().ShouldBe("CN=Test Root Issuer");
        certificates[0].GetProperty("serial").GetString().ShouldBe(SerialNumber.ToDecimal(_authority.Issuer.SerialNumberBytes.Span));
        certificates[0].GetProperty("extensions").EnumerateArray().Select(e => e.GetString()).ShouldContain("basic constraints: CA, path length 1 (critical)");
        certificates[0].GetProperty("key").GetString().ShouldBe("EC P-256");
        certificates[1].GetProperty("fingerprint_sha256").GetString().ShouldBe(Fingerprint.Of(_authority.Root));
    }

    [Fact]
    public async Task Inspect_Der_Works()
    {
        await File.WriteAllBytesAsync(_temp.Combine("root.der"), _authority.Root.RawData);

        var (code, output, _) = await Cli.RunAsync("ca", "inspect", _temp.Combine("root.der"));

        code.ShouldBe(ExitCode.Ok);
        output.ShouldContain("CN=Test Root");
    }

    [Theory]
    [InlineData("rubbish")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    [InlineData("-----BEGIN NOTHING-----\n-----END NOTHING-----\n")]
    public async Task Inspect_NoCertificate_IsAClearError(string content)
    {
        await File.WriteAllTextAsync(_temp.Combine("file"), content);

        var (code, _, error) = await Cli.RunAsync("ca", "inspect", _temp.Combine("file"));

        code.ShouldBe(ExitCode.Failed);
        error.ShouldContain("certificate");
    }

    [Fact]
    public async Task Inspect_NeitherFileNorSerial_IsNotFound() =>
        (await Cli.RunAsync("ca", "inspect", "no-such-thing")).Code.ShouldBe(ExitCode.NotFound);

    [Theory]
    [InlineData("export-root-key")]
    [InlineData("remove-root-key")]
    public async Task RootKey_FolderWithoutOne_IsNotFound(string verb)
    {
        string[] more = verb == "export-root-key" ? ["--out", _temp.Combine("key")] : ["--yes"];

        var (code, _, error) = await Cli.RunAsync(["ca", verb, "--data", _temp.Combine("data"), .. more]);

        code.ShouldBe(ExitCode.NotFound);
        error.ShouldContain("removed already");
    }
}
