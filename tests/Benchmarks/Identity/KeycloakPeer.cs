using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Identity;

/// <summary>A real Keycloak on its embedded database, with the JVM's own settings, over plain HTTP on loopback: both in its favour.</summary>
internal sealed class KeycloakPeer : IdentityProviderServer
{
    private const string Realm = "bench";
    private readonly TempFolder _folder = new();
    private readonly KeycloakFolder _keycloak;
    private readonly KeycloakProgram _program;
    private ProcessUnderTest? _process;

    private KeycloakPeer(KeycloakProgram program) => (_program, _keycloak) = (program, new KeycloakFolder(_folder.Path, program, FreePort.Next(), FreePort.Next()));

    /// <summary>Null where the machine has it.</summary>
    public static string? WhyNot => KeycloakProgram.Find(Tools.RepositoryRoot) is null || !KeycloakProgram.HasJava
        ? "there is no Keycloak (KEYCLOAK_HOME, kc.sh on PATH, ../shared/keycloak) or no Java: measuring without the peer"
        : null;

    public override string Name => "Keycloak";

    public override Uri Issuer => new(_keycloak.Issuer(Realm));

    public override int ProcessId => _process!.Id;

    public override string Form => "login-actions";

    public override string Username => "bench";

    public override string Password => "benchmark benchmark benchmark";

    protected override X509Certificate2Collection? Roots => null;

    /// <summary>Unpacked, but never started.</summary>
    public static async Task<KeycloakPeer> InstallAsync(CancellationToken cancellationToken)
    {
        var peer = new KeycloakPeer(KeycloakProgram.Find(Tools.RepositoryRoot)!);
        await peer._program.InstallAsync(peer._folder.Path, cancellationToken);
        return peer;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var command = await _keycloak.ServerAsync(cancellationToken);
        var environment = new Dictionary<string, string?>(command.Environment, StringComparer.Ordinal) { ["JAVA_OPTS_APPEND"] = null, ["JAVA_OPTS_KC_HEAP"] = null };
        var home = await _program.InstallAsync(_folder.Path, cancellationToken);
        _process = ProcessUnderTest.Start(
            Path.Combine(home, "bin", "kc.sh"),
            [
                "start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1", string.Create(CultureInfo.InvariantCulture, $"--http-port={_keycloak.Url.Port}"),
                string.Create(CultureInfo.InvariantCulture, $"--http-management-port={_keycloak.Health.Port}"),
            ],
            environment);
        using var http = new HttpClient();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                using var answer = await http.GetAsync(_keycloak.Health, cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
        }
    }

    public override async Task RegisterAsync(int clients, int programs, CancellationToken cancellationToken)
    {
        Clients = [.. Enumerable.Range(0, clients).Select(i => new CodeClient($"code-{i}", $"secret of code client {i}", new Uri($"https://bench-{i}.example/callback")))];
        Programs = [.. Enumerable.Range(0, programs).Select(i => new ProgramClient($"program-{i}", $"secret of program {i}", Scope: null))];
        var realm = new JsonObject
        {
            ["realm"] = Realm,
            ["enabled"] = true,
            ["clients"] = new JsonArray([.. Clients.Select(client => new JsonObject
            {
                ["clientId"] = client.Id,
                ["secret"] = client.Secret,
                ["redirectUris"] = new JsonArray(client.RedirectUri.AbsoluteUri),
                ["attributes"] = new JsonObject { ["pkce.code.challenge.method"] = "S256" },
            }), .. Programs.Select(program => new JsonObject { ["clientId"] = program.Id, ["secret"] = program.Secret, ["serviceAccountsEnabled"] = true, ["standardFlowEnabled"] = false })]),
            ["users"] = new JsonArray(new JsonObject
            {
                ["username"] = Username,
                ["enabled"] = true,
                ["email"] = "bench@example.com",
                ["firstName"] = "Bench",
                ["lastName"] = "Mark",
                ["credentials"] = new JsonArray(new JsonObject { ["type"] = "password", ["value"] = Password }),
            }),
        };
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(3) };
        using var form = new FormUrlEncodedContent([new("client_id", "admin-cli"), new("grant_type", "password"), new("username", KeycloakFolder.Admin), new("password", _keycloak.AdminPassword)]);
        using var answer = await http.PostAsync(new Uri(_keycloak.Issuer("master") + "/protocol/openid-connect/token"), form, cancellationToken);
        using var tokens = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_keycloak.Url, "admin/realms")) { Content = new StringContent(realm.ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", tokens.RootElement.GetProperty("access_token").GetString());
        using var made = await http.SendAsync(request, cancellationToken);
        made.EnsureSuccessStatusCode();
    }

    public override async Task RestartAsync(CancellationToken cancellationToken)
    {
        await StopAsync();
        await StartAsync(cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private async Task StopAsync()
    {
        if (_process is { HasExited: false } process)
        {
            process.Terminate();
            await process.WaitForExitAsync();
            await process.DisposeAsync();
        }
    }
}
