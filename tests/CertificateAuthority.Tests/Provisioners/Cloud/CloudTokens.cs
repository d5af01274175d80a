using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>Tokens as instances in clouds and pods present them, signed by keys of the test's own.</summary>
internal static class CloudTokens
{
    public const string Tenant = "b17c217c-84db-43f0-babd-e06a71083cda";

    /// <summary>What Google Compute Engine says of an instance, in the format <c>full</c>.</summary>
    public static JsonObject Gcp(string issuer, string provisioner, string instance)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return new JsonObject
        {
            ["aud"] = $"https://127.0.0.1/1.0/sign#gcp/{provisioner}",
            ["azp"] = "117000000000000000001",
            ["email"] = "builder@project-1.iam.gserviceaccount.com",
            ["email_verified"] = true,
            ["exp"] = now + 3600,
            ["iat"] = now,
            ["iss"] = issuer,
            ["sub"] = "117000000000000000001",
            ["google"] = new JsonObject
            {
                ["compute_engine"] = new JsonObject
                {
                    ["instance_creation_timestamp"] = now - 600,
                    ["instance_id"] = instance,
                    ["instance_name"] = "vm-" + instance,
                    ["project_id"] = "project-1",
                    ["project_number"] = 1234567890L,
                    ["zone"] = "us-central1-a",
                },
            },
        };
    }

    /// <summary>An access token of a virtual machine's managed identity.</summary>
    public static JsonObject Azure(string issuer, string machine)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return new JsonObject
        {
            ["aud"] = "https://management.azure.com/",
            ["iss"] = issuer,
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 3600,
            ["appid"] = "11111111-2222-3333-4444-555555555555",
            ["oid"] = "66666666-7777-8888-9999-000000000000",
            ["sub"] = "66666666-7777-8888-9999-000000000000",
            ["tid"] = Tenant,
            ["ver"] = "1.0",
            ["jti"] = Guid.NewGuid().ToString("N"),
            ["xms_mirid"] = $"/subscriptions/sub-1/resourcegroups/backend/providers/Microsoft.Compute/virtualMachines/{machine}",
        };
    }

    /// <summary>A service account's token that is kept as a secret.</summary>
    public static JsonObject Kubernetes() => new()
    {
        ["iss"] = "kubernetes/serviceaccount",
        ["kubernetes.io/serviceaccount/namespace"] = "default",
        ["kubernetes.io/serviceaccount/secret.name"] = "builder-token-x1",
        ["kubernetes.io/serviceaccount/service-account.name"] = "builder",
        ["kubernetes.io/serviceaccount/service-account.uid"] = "5f3a2f6e-0000-4000-8000-000000000001",
        ["sub"] = "system:serviceaccount:default:builder",
    };

    /// <summary>A token with a MAC.</summary>
    public static string Mac(JsonObject claims, byte[] key, string algorithm = "HS256")
    {
        var input = $"{Encode($$"""{"alg":"{{algorithm}}","typ":"JWT"}""")}.{Encode(claims.ToJsonString())}";
        return $"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(input)))}";

        static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
    }

    public static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));

    public static async Task AddAsync(this CaHost ca, JsonObject definition)
    {
        await ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse(definition.ToJsonString()), keyId: null, new ProvisionerChange("admin"), default);
        await ca.Module.Provisioners.ReloadAsync(default);
        ca.Module.Provisioners.Stored.Select(stored => stored.Disabled).Where(reason => reason is not null).ShouldBeEmpty();
    }

    public static async Task<StepCaReply> SignAsync(this CaHost ca, string token, string? cn, params string[] sans)
    {
        using var client = ca.Client();
        using var key = StepCaCalls.NewKey();
        return await client.SignAsync(StepCaCalls.Csr(key, cn, sans), token);
    }

    public static async Task ShouldRefuseAsync(this CaHost ca, string token, string cn = "a.test")
    {
        var reply = await ca.SignAsync(token, cn, cn);
        reply.Status.ShouldBe(HttpStatusCode.Unauthorized, reply.Body);
        reply.Json.GetProperty("message").GetString().ShouldBe(StepCaCalls.Unauthorized);
    }

    public static Pki.ParsedCertificate Certificate(this StepCaReply reply)
    {
        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var leaf = X509Certificate2.CreateFromPem(reply.Json.GetProperty("crt").GetString());
        return Pki.ParsedCertificate.Parse(leaf.RawDataMemory);
    }
}

/// <summary>Signs identity documents as Amazon EC2 does, and puts them into tokens as step does.</summary>
internal sealed class AwsSigner : IDisposable
{
    private readonly RSA _key = RSA.Create(2048);

    public AwsSigner()
    {
        var request = new CertificateRequest("CN=ec2.example", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        Pem = certificate.ExportCertificatePem();
    }

    /// <summary>Of its certificate.</summary>
    public string Pem { get; }

    public static JsonObject Document(string instance) => new()
    {
        ["accountId"] = "123456789042",
        ["architecture"] = "x86_64",
        ["availabilityZone"] = "us-west-2b",
        ["billingProducts"] = null,
        ["devpayProductCodes"] = null,
        ["imageId"] = "ami-5fb8c835",
        ["instanceId"] = instance,
        ["instanceType"] = "t2.micro",
        ["kernelId"] = null,
        ["pendingTime"] = TimeProvider.System.GetUtcNow().AddMinutes(-10).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        ["privateIp"] = "10.158.112.84",
        ["ramdiskId"] = null,
        ["region"] = "us-west-2",
        ["version"] = "2017-09-30",
    };

    public byte[] Sign(byte[] document) => _key.SignData(document, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public static JsonObject Claims(string provisioner, string subject)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return new JsonObject
        {
            ["iss"] = "ec2.amazonaws.com",
            ["sub"] = subject,
            ["aud"] = new JsonArray($"https://127.0.0.1/1.0/sign#aws/{provisioner}"),
            ["exp"] = now + 300,
            ["nbf"] = now,
            ["iat"] = now,
            ["jti"] = RandomNumberGenerator.GetHexString(64, lowercase: true),
        };
    }

    public string Token(JsonObject claims, JsonObject document)
    {
        var bytes = Encoding.UTF8.GetBytes(document.ToJsonString());
        return Token(claims, bytes, Sign(bytes));
    }

    public static string Token(JsonObject claims, byte[] document, byte[] signature)
    {
        claims["amazon"] = new JsonObject { ["document"] = Convert.ToBase64String(document), ["signature"] = Convert.ToBase64String(signature) };
        return CloudTokens.Mac(claims, signature);
    }

    public void Dispose() => _key.Dispose();
}
