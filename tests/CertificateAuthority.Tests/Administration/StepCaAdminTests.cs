using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Administration;

/// <summary>The same calls of the administration API to the real step-ca and to this authority: status, form and kind of error are compared.</summary>
public sealed class StepCaAdminTests(StepCaAdminTests.Peers peers) : IClassFixture<StepCaAdminTests.Peers>
{
    /// <summary>With their reasons.</summary>
    private static readonly IReadOnlyList<string> Expected = DocumentedDivergences.Of("The same requests to the administration APIs of both");

    /// <summary>There or not; the moments mean something else here.</summary>
    private static readonly string[] Ignored = ["createdAt", "created_at", "deletedAt", "deleted_at", "authorityId", "authority_id"];

    [SkippableFact]
    public async Task Calls_OfTheAdministrationApi_AreAnsweredAlike()
    {
        var (theirs, ours) = (await RunAsync(peers.Theirs), await RunAsync(peers.Ours));

        theirs.Keys.ShouldBe(ours.Keys);
        theirs.Where(answer => answer.Value != ours[answer.Key]).Select(answer => $"administration: {answer.Key} | {answer.Value} | {ours[answer.Key]}").ShouldBe(Expected, ignoreOrder: true);
        ours.Values.ShouldContain(answer => answer.StartsWith("201 {", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyDictionary<string, string>> RunAsync(Peer peer)
    {
        var answers = new Dictionary<string, string>(StringComparer.Ordinal);
        var operators = peer.Provisioner;
        await SendAsync("no token", "GET /admin/admins", authorized: false);
        await SendAsync("list of admins", "GET /admin/admins");
        await SendAsync("limit that is no number", "GET /admin/admins?limit=x");
        await SendAsync("unknown admin", "GET /admin/admins/none");
        var id = (string)(await SendAsync("new admin", "POST /admin/admins", new JsonObject { ["subject"] = "dora", ["provisioner"] = operators, ["type"] = 1 }))!["id"]!;
        await SendAsync("the same admin again", "POST /admin/admins", new JsonObject { ["subject"] = "dora", ["provisioner"] = operators, ["type"] = 1 });
        await SendAsync("admin without subject", "POST /admin/admins", new JsonObject { ["subject"] = "", ["provisioner"] = operators, ["type"] = 1 });
        await SendAsync("admin of no provisioner", "POST /admin/admins", new JsonObject { ["subject"] = "x", ["provisioner"] = "none", ["type"] = 1 });
        await SendAsync("admin of no type", "POST /admin/admins", new JsonObject { ["subject"] = "x", ["provisioner"] = operators, ["type"] = 7 });
        await SendAsync("admin", $"GET /admin/admins/{id}");
        await SendAsync("admin made super admin", $"PATCH /admin/admins/{id}", new JsonObject { ["type"] = 2 });
        await SendAsync("unknown admin changed", "PATCH /admin/admins/none", new JsonObject { ["type"] = 2 });
        await SendAsync("admin removed", $"DELETE /admin/admins/{id}");
        await SendAsync("admin removed again", $"DELETE /admin/admins/{id}");
        var last = (string)(await SendAsync("one page", "GET /admin/admins?limit=1"))!["admins"]![0]!["id"]!;
        await SendAsync("last super admin removed", $"DELETE /admin/admins/{last}");
        await SendAsync("last super admin demoted", $"PATCH /admin/admins/{last}", new JsonObject { ["type"] = 1 });
        await SendAsync("provisioner of the last super admin removed", $"DELETE /admin/provisioners/{Uri.EscapeDataString(operators)}");
        var (jwk, key) = AdminCalls.Jwk("builds");
        key.Dispose();
        jwk["details"]!["JWK"]!["encryptedPrivateKey"] = "ZS5lLmUuZS5l";
        await SendAsync("new JWK provisioner", "POST /admin/provisioners", jwk);
        await SendAsync("JWK provisioner", "GET /admin/provisioners/builds");
        await SendAsync("unknown provisioner", "GET /admin/provisioners/none");
        await SendAsync("provisioner without details", "POST /admin/provisioners", new JsonObject { ["type"] = "ACME", ["name"] = "x" });
        await SendAsync("provisioner with another member", "POST /admin/provisioners", new JsonObject { ["type"] = "ACME", ["name"] = "x", ["details"] = new JsonObject { ["ACME"] = new JsonObject { ["surprise"] = 1 } } });
        await SendAsync("provisioner with a duration that is none", "POST /admin/provisioners", Web("soon", "x"));
        await SendAsync("new provisioner", "POST /admin/provisioners", Web("1h"));
        await SendAsync("the same provisioner again", "POST /admin/provisioners", Web("1h"));
        var shown = (await SendAsync("provisioner", "GET /admin/provisioners/web"))!.AsObject();
        var (asAnother, stale) = (shown.DeepClone(), shown.DeepClone());
        (asAnother["type"], asAnother["details"]) = ("X5C", new JsonObject { ["X5C"] = new JsonObject { ["roots"] = new JsonArray("LS0t") } });
        await SendAsync("provisioner's type changed", "PUT /admin/provisioners/web", asAnother);
        shown["details"]!["ACME"]!["requireEab"] = true;
        await SendAsync("provisioner changed", "PUT /admin/provisioners/web", shown);
        stale["createdAt"] = "2020-01-01T00:00:00Z";
        await SendAsync("provisioner of a stale reading", "PUT /admin/provisioners/web", stale);
        await SendAsync("unknown provisioner changed", "PUT /admin/provisioners/none", shown);
        await SendAsync("external account keys", "GET /admin/acme/eab/web");
        await SendAsync("account policy", "GET /admin/acme/policy/web/key/none");
        await SendAsync("provisioner removed", "DELETE /admin/provisioners/web");
        await SendAsync("provisioner removed again", "DELETE /admin/provisioners/web");
        await SendAsync("another method", "PUT /admin/admins");
        await SendAsync("policy", "GET /admin/policy");
        return answers;

        async Task<JsonNode?> SendAsync(string name, string call, JsonNode? body = null, bool authorized = true)
        {
            try
            {
                var reply = authorized ? await peer.Http.AdminAsync(peer.Admin, call, body, [.. peer.Issuers]) : await peer.Http.SendAdminAsync(call, token: null, body);
                answers.Add(name, Of(reply));
                return reply.ContentType == "application/json" ? JsonNode.Parse(reply.Body) : null;
            }
            catch (HttpRequestException)
            {
                answers.Add(name, "no answer");
                return null;
            }
        }
    }

    private static JsonObject Web(string duration, string name = "web") => new()
    {
        ["type"] = "ACME",
        ["name"] = name,
        ["details"] = new JsonObject { ["ACME"] = new JsonObject { ["forceCn"] = true } },
        ["claims"] = new JsonObject { ["x509"] = new JsonObject { ["enabled"] = true, ["durations"] = new JsonObject { ["default"] = duration } } },
    };

    private static string Of(StepCaReply reply) => $"{(int)reply.Status} " + (
        reply.ContentType != "application/json" ? reply.ContentType
        : reply.Json.TryGetProperty("detail", out _) && reply.Json.TryGetProperty("type", out var type) ? type.GetString()
        : FormOf(reply.Json));

    private static string FormOf(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(',', json.EnumerateObject().Where(member => !Ignored.Contains(member.Name)).OrderBy(member => member.Name, StringComparer.Ordinal).Select(member => $"{member.Name}:{FormOf(member.Value)}")) + "}",
        JsonValueKind.Array => $"[{string.Join(',', json.EnumerateArray().Select(FormOf).Distinct())}]",
        JsonValueKind.String => "text",
        _ => json.ValueKind.ToString(),
    };

    /// <param name="Http">To the authority.</param>
    /// <param name="Admin">The only super admin's.</param>
    /// <param name="Issuers">Of its certificate.</param>
    /// <param name="Provisioner">That it is of.</param>
    public sealed record Peer(HttpClient Http, X509Certificate2 Admin, IReadOnlyList<X509Certificate2> Issuers, string Provisioner);

    /// <summary>A step-ca with <c>enableAdmin</c> as it sets itself up, and an authority of ours with the same super admin.</summary>
    public sealed class Peers : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();
        private readonly AdminHost _host = new();
        private ProcessUnderTest? _stepCa;

        public Peer Theirs { get; private set; } = null!;

        public Peer Ours { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            var (step, stepCa) = (Requires.Tool("step"), Requires.Tool("step-ca"));
            await _host.InitializeAsync();
            await _host.Administrators.RemoveAsync(await _host.IdOfAsync("anna@example.com"), mayCloseApi: false, "operator", default);
            Ours = new Peer(_host.Http, _host.Super, [], "ops");
            var (configuration, password, address) = (_folder.Combine("config", "ca.json"), _folder.Combine("password"), $"127.0.0.1:{FreePort.Next()}");
            var environment = new Dictionary<string, string?> { ["STEPPATH"] = _folder.Path, ["HOME"] = _folder.Path };
            await File.WriteAllTextAsync(password, "administration");
            (await Tools.RunAsync(
                step, ["ca", "init", "--name", "Peer", "--dns", "127.0.0.1", "--address", address, "--provisioner", "peer", "--password-file", password, "--provisioner-password-file", password],
                environment: environment)).EnsureSuccess();
            var json = JsonNode.Parse(await File.ReadAllTextAsync(configuration))!;
            json["authority"]!["enableAdmin"] = true;
            await File.WriteAllTextAsync(configuration, json.ToJsonString());
            _stepCa = ProcessUnderTest.Start(stepCa, ["--password-file", password, configuration], environment, _folder.Path);
            await _stepCa.WaitForLineAsync(line => line.Contains("Serving HTTPS", StringComparison.Ordinal));
            (await Tools.RunAsync(
                step, ["ca", "certificate", "step", _folder.Combine("admin.crt"), _folder.Combine("admin.key"), "--issuer", "Admin JWK", "--provisioner-password-file", password],
                environment: environment)).EnsureSuccess();
            var http = AnyServerHttp.Create(new Uri($"https://{address}/"), [X509CertificateLoader.LoadCertificateFromFile(_folder.Combine("certs", "root_ca.crt"))], client: null, TimeSpan.FromSeconds(30));
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(_folder.Combine("admin.crt"));
            Theirs = new Peer(http, X509Certificate2.CreateFromPemFile(_folder.Combine("admin.crt"), _folder.Combine("admin.key")), [.. chain.Skip(1)], "Admin JWK");
        }

        public async Task DisposeAsync()
        {
            Theirs?.Http.Dispose();
            Theirs?.Admin.Dispose();
            if (_stepCa is not null)
            {
                await _stepCa.DisposeAsync();
            }

            await _host.DisposeAsync();
            _folder.Dispose();
        }
    }
}
