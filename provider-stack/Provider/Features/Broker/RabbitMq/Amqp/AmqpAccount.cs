using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;

/// <summary>
/// The platform's AMQP user. It has no tags, and each component grants it permissions in the vHost it needs. The
/// administrator's login is used for the management API only.
/// </summary>
internal sealed class AmqpAccount(RabbitMqApi api, RabbitMqOwnership ownership, string password)
{
    public const string Name = "iot-amqp";
    private const int SaltLength = 4;

    public string Password => password;

    /// <summary>The password of this data folder, made on first use.</summary>
    public static string PasswordOf(DataFolder folder) =>
        folder.ReadOrCreateSecret(Path.Combine("secrets", "rabbitmq_amqp_password"), () => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));

    /// <summary>Ensures that the user exists with this password and nothing else. Throws broker_name_taken if the user was not made by this platform.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var user = await api.FindUserAsync(Name, cancellationToken);
        ownership.RequireOwn(Name, user);
        if (user is null || user.Tags is not [var only] || only != ownership.Tag || !Opens(user.PasswordHash))
        {
            await api.EnsureUserAsync(Name, new UserOrder(ownership.Tag) { PasswordHash = Hash(RandomNumberGenerator.GetBytes(SaltLength)) }, cancellationToken);
        }
    }

    /// <summary>Exactly these rights in that vHost.</summary>
    public async Task GrantAsync(string vhost, PermissionOrder rights, CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken);
        await api.EnsurePermissionAsync(vhost, Name, rights, cancellationToken);
    }

    /// <summary>Exactly these routing keys of that exchange.</summary>
    public async Task GrantAsync(string vhost, TopicPermissionOrder topics, CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken);
        await api.EnsureTopicPermissionAsync(vhost, Name, topics, cancellationToken);
    }

    private bool Opens(string hash)
    {
        var stored = new byte[SaltLength + SHA256.HashSizeInBytes];
        return Convert.TryFromBase64String(hash, stored, out var length) && length == stored.Length
            && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash(stored[..SaltLength])), Encoding.ASCII.GetBytes(hash));
    }

    /// <summary>As RabbitMQ stores it: salt, then SHA-256 of salt and password.</summary>
    private string Hash(byte[] salt) => Convert.ToBase64String([.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)])]);
}
