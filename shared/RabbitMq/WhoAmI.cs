namespace IoTPlatform.RabbitMq;

/// <param name="Tags">What the login may do in the management API.</param>
internal sealed record WhoAmI(string[] Tags);
