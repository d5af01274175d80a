namespace IoTPlatform.Mqtt;

/// <summary>
/// Which topics a client may publish and subscribe, for every broker that it talks to. What is not granted is refused. A topic may have
/// aliases, under which firmware made for other platforms knows it; the rest of the platform sees the topic alone.
/// </summary>
/// <param name="publish">Topic filters.</param>
/// <param name="subscribe">Topic filters.</param>
/// <param name="aliases">Of topics and filters that are granted.</param>
public sealed class AccessPolicy(IReadOnlyList<string> publish, IReadOnlyList<string> subscribe, IReadOnlyList<TopicAlias>? aliases = null)
{
    private readonly IReadOnlyList<TopicAlias> _aliases = aliases ?? [];

    /// <summary>Of a client that publishes under one topic, which most do, it is looked at once.</summary>
    private volatile Published? _last;

    public static AccessPolicy Nothing { get; } = new([], []);

    /// <summary>The topic behind a name that may be published; null: it may not.</summary>
    public string? Publishable(string name)
    {
        if (_last is { } last && last.Name == name)
        {
            return last.Topic;
        }

        if (!TopicSyntax.IsName(name) || Granted(publish, name) is not { } topic)
        {
            return null;
        }

        _last = new Published(name, topic);
        return topic;
    }

    /// <summary>The filter behind one that may be subscribed; null: it may not.</summary>
    public string? Subscribable(string filter) => TopicSyntax.IsFilter(filter) ? Granted(subscribe, filter) : null;

    /// <summary>How a client that subscribed with <paramref name="filter"/> knows the topic; null: it did not subscribe it.</summary>
    public string? NameFor(string filter, string topic)
    {
        if (TopicSyntax.Covers(filter, topic))
        {
            return topic;
        }

        return _aliases.Select(alias => alias.AliasOf(topic)).FirstOrDefault(name => name is not null && TopicSyntax.Covers(filter, name));
    }

    private string? Granted(IReadOnlyList<string> grants, string topic)
    {
        var meant = _aliases.Select(alias => alias.TopicOf(topic)).FirstOrDefault(name => name is not null) ?? topic;
        return grants.Any(grant => TopicSyntax.Covers(grant, meant)) ? meant : null;
    }

    private sealed record Published(string Name, string Topic);
}

/// <summary>Another name for a topic. Levels are the same text, or a wildcard on both sides: what stands there is carried over, in order.</summary>
/// <param name="Alias">As the client knows it: a topic filter.</param>
/// <param name="Topic">What is meant: a topic filter with the same wildcards.</param>
public sealed record TopicAlias(string Alias, string Topic)
{
    /// <summary>Null: it is not this alias.</summary>
    public string? TopicOf(string alias) => Translate(Alias, Topic, alias);

    /// <summary>Null: it is another topic.</summary>
    public string? AliasOf(string topic) => Translate(Topic, Alias, topic);

    private static string? Translate(string from, string to, string topic)
    {
        if (!TopicSyntax.Covers(from, topic))
        {
            return null;
        }

        var levels = topic.Split('/');
        var carried = new Queue<IEnumerable<string>>(from.Split('/').Index().Where(level => level.Item is "+" or "#")
            .Select(level => level.Item == "+" ? levels.Skip(level.Index).Take(1) : levels.Skip(level.Index)));
        return string.Join('/', to.Split('/').SelectMany(level => level is "+" or "#" ? carried.Dequeue() : [level]));
    }
}
