using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Cli;

public sealed class UpTests : IDisposable
{
    private readonly TempFolder _temp = new();

    private string Data => _temp.Combine("provider");

    public void Dispose() => _temp.Dispose();

    [SkippableFact]
    public async Task Up_Terminated_StopsTheHostCleanly_AndWrongPasswordIsAClearRefusal()
    {
        Requires.Tool("initdb");
        await using (var up = IotCli.Start("up", "provider", "--data", Data, "--listen", Listen()))
        {
            await up.WaitForLineAsync("ready ", TimeSpan.FromMinutes(2));
            up.Terminate();
            (await up.WaitForExitAsync()).ShouldBe(0, up.Output);
        }
        LeftProcesses.Of(_temp.Path).ShouldBeEmpty();

        var wrong = await IotCli.RunWithAsync(new() { ["STEP_CA_PASSWORD"] = "not the one it was made with" }, "up", "provider", "--data", Data, "--listen", Listen());

        wrong.ExitCode.ShouldBe(1);
        wrong.Error.ShouldContain("password", Case.Insensitive);
        wrong.Error.ShouldNotContain("   at ");
        wrong.Error.ShouldNotContain("not the one it was made with");
        LeftProcesses.Of(_temp.Path).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Up_CliKilledHard_TakesHostAndDatabaseAlong()
    {
        Requires.Tool("initdb");
        Requires.Tool("setpriv");
        await using (var up = IotCli.Start("up", "provider", "--data", Data, "--listen", Listen()))
        {
            await up.WaitForLineAsync("ready ", TimeSpan.FromMinutes(2));
            await up.KillAsync();
        }

        await LeftProcesses.GoneAsync(_temp.Path);
    }

    [SkippableFact]
    public async Task Up_Json_SaysReadyAsJson()
    {
        Requires.Tool("initdb");
        await using var up = IotCli.Start("up", "provider", "--data", Data, "--listen", Listen(), "--json");

        var line = await up.WaitForLineAsync("{\"event\":\"ready\"", TimeSpan.FromMinutes(2));

        JsonDocument.Parse(line).RootElement.GetProperty("fingerprint").GetString()!.Length.ShouldBe(64);
        up.Interrupt();
        (await up.WaitForExitAsync()).ShouldBe(0, up.Output);
    }

    /// <summary>Nothing is promised that is not served.</summary>
    [SkippableFact]
    public async Task Up_WithoutASettingForIt_CertificatesNameAListThatAnswersBesideHttps()
    {
        Requires.Tool("initdb");
        var listen = Listen();
        await using var up = IotCli.Start("up", "provider", "--data", Data, "--listen", listen);
        await up.WaitForLineAsync("ready ", TimeSpan.FromMinutes(2));
        using var certificate = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(Data, "secrets", "service.pem")));
        var names = Encoding.ASCII.GetString(certificate.Extensions["2.5.29.31"]!.RawData);
        var list = new Uri(names[names.IndexOf("http://", StringComparison.Ordinal)..(names.IndexOf(".crl", StringComparison.Ordinal) + 4)]);
        using var http = new HttpClient();

        list.Port.ShouldBe(new Uri(listen).Port - 363, "as 80 is beside 443");
        (await http.GetByteArrayAsync(list)).ShouldNotBeEmpty();
        var issuer = certificate.Extensions.OfType<X509AuthorityInformationAccessExtension>().Single();
        (await http.GetByteArrayAsync(issuer.EnumerateCAIssuersUris().Single())).ShouldNotBeEmpty();
        using var post = new HttpRequestMessage(HttpMethod.Post, issuer.EnumerateOcspUris().Single()) { Content = new ByteArrayContent([0x30, 0x00]) { Headers = { ContentType = new("application/ocsp-request") } } };
        (await http.SendAsync(post)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Up_ValidationListenInTheEnvFile_IsTaken()
    {
        Requires.Tool("initdb");
        await File.WriteAllTextAsync(_temp.Combine("provider.env"), "IOT_VALIDATION_LISTEN=none\n");
        await using var up = IotCli.Start("up", "provider", "--data", Data, "--listen", Listen(), "--env-file", _temp.Combine("provider.env"));
        await up.WaitForLineAsync("ready ", TimeSpan.FromMinutes(2));

        using var certificate = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(Data, "secrets", "service.pem")));

        certificate.Extensions["2.5.29.31"].ShouldBeNull();
    }

    [SkippableFact]
    public async Task Up_PortInUse_IsAClearRefusal()
    {
        Requires.Tool("initdb");
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = ((IPEndPoint)other.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        var result = await IotCli.RunAsync("up", "provider", "--data", Data, "--listen", $"https://127.0.0.1:{taken}");

        result.ExitCode.ShouldBe(1);
        result.Error.ShouldContain(taken);
        result.Error.ShouldContain("in use");
        result.Error.ShouldNotContain("   at ");
        LeftProcesses.Of(_temp.Path).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("provider")]
    [InlineData("tenant")]
    public async Task Up_FolderThatCannotBeWritten_IsAClearRefusal(string stack)
    {
        // No user can create a folder there, not even root.
        string[] more = stack == "tenant" ? ["--provider-url", "https://127.0.0.1:1", "--fingerprint", new string('a', 64), "--tenant-id", "acme"] : [];

        var result = await IotCli.RunAsync(["up", stack, "--data", "/proc/iotplatform", "--listen", Listen(), .. more]);

        result.ExitCode.ShouldBe(1);
        result.Error.ShouldContain("/proc/iotplatform");
        result.Error.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task Up_EnvFileThatIsNotThere_IsUsage() =>
        (await IotCli.RunAsync("up", "tenant", "--env-file", _temp.Combine("no.env"))).ExitCode.ShouldBe(2);

    private static string Listen() => string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{FreePort.Next()}");
}
