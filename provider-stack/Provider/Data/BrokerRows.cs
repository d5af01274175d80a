namespace IoTPlatform.Provider.Data;

/// <summary>A tenant's place at the embedded broker.</summary>
internal sealed class BrokerNamespaceRow
{
    public required string Name { get; init; }
    public required string TenantId { get; init; }
    public int MaxConnections { get; set; }
    public int MaxQueues { get; set; }
    public int MaxMessageBytes { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public bool Suspended { get; set; }
    public List<BrokerLoginRow> Logins { get; init; } = [];
}

/// <summary>A login without a password: its name is the CN of a certificate.</summary>
internal sealed class BrokerLoginRow
{
    public required string Name { get; init; }
    public string Namespace { get; init; } = null!;
    public string ClientIdPrefix { get; set; } = "";
    public bool MayPublish { get; set; }
    public bool MaySubscribe { get; set; }
    public bool MayRetain { get; set; }
    public List<BrokerTopicPermissionRow> Topics { get; init; } = [];
}

/// <summary>No row, no right.</summary>
internal sealed class BrokerTopicPermissionRow
{
    public const string Publish = "publish";
    public const string Subscribe = "subscribe";

    public string Login { get; init; } = null!;
    public required string Action { get; init; }
    public required string Filter { get; init; }
}

/// <summary>When a RabbitMQ last asked about the platform's own login. One row.</summary>
internal sealed class BrokerQuestionRow
{
    public bool Singleton { get; init; } = true;
    public required DateTimeOffset AskedAt { get; init; }
}
