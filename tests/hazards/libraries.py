"""Libraries that keep what a module gave them: metadata, app registries, compiled models, collectors."""

HAZARDS = {
    "sqlalchemy tables on a shared metadata": [
        """
        --- database.py
        from sqlalchemy.orm import DeclarativeBase
        class Base(DeclarativeBase):
            pass
        --- author.py
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        from database import Base
        class Author(Base):
            __tablename__ = "author"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(default="anonymous")
            books: Mapped[list["Book"]] = relationship(back_populates="author")
        --- book.py
        from sqlalchemy import ForeignKey
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        from database import Base
        class Book(Base):
            __tablename__ = "book"
            id: Mapped[int] = mapped_column(primary_key=True)
            author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
            author: Mapped["Author"] = relationship(back_populates="books")
        --- test_books.py
        import pytest
        from sqlalchemy import create_engine
        from sqlalchemy.orm import Session
        from author import Author
        from book import Book
        from database import Base
        @pytest.fixture
        def session():
            engine = create_engine("sqlite://")
            Base.metadata.create_all(engine)
            with Session(engine) as session:
                yield session
            engine.dispose()
        def test_default(session):
            session.add(Book(author=Author()))
            session.commit()
            assert session.query(Book).one().author.name == "anonymous"
        def test_columns():
            assert sorted(Author.__table__.columns.keys()) == ["id", "name"]
        """,
        '--- author.py: "anonymous" => "nobody"',
        "--- author.py: name: Mapped[str] => age: Mapped[int] = mapped_column(default=1); name: Mapped[str]",
        '--- book.py: ForeignKey("author.id") => ForeignKey("writer.id")',
    ],
    "django models and string foreign keys": [
        """
        --- conftest.py
        import django
        from django.conf import settings
        settings.configure(
            INSTALLED_APPS=["shop"],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        )
        django.setup()
        --- shop/__init__.py
        --- shop/models.py
        from django.db import models
        from shop.names import LONGEST
        class Product(models.Model):
            name = models.CharField(max_length=LONGEST, default="thing")
        class Order(models.Model):
            product = models.ForeignKey("shop.Product", models.CASCADE, related_name="orders")
        --- shop/names.py
        LONGEST = 10
        --- test_shop.py
        import pytest
        from django.core.management import call_command
        from shop.models import Order, Product
        @pytest.fixture
        def database():
            call_command("migrate", run_syncdb=True, verbosity=0)
            yield
            call_command("flush", verbosity=0, interactive=False)
        def test_order(database):
            order = Order.objects.create(product=Product.objects.create())
            assert list(Product.objects.get().orders.all()) == [order]
        def test_one_class():
            assert Order._meta.get_field("product").remote_field.model is Product
        def test_length():
            assert Product._meta.get_field("name").max_length == 10
        def test_default():
            assert Product().name == "thing"
        """,
        "--- shop/names.py: 10 => 20",
        '--- shop/models.py: "thing" => "stuff"',
        '--- shop/models.py: related_name="orders" => related_name="sales"',
    ],
    "pydantic nested models": [
        """
        --- address.py
        from pydantic import BaseModel
        class Address(BaseModel):
            street: str
        --- customer.py
        from pydantic import BaseModel
        from address import Address
        class Customer(BaseModel):
            address: Address
        --- test_customer.py
        from address import Address
        from customer import Customer
        def test_instance():
            assert Customer(address=Address(street="x")).address.street == "x"
        def test_schema():
            customer = Customer.model_validate({"address": {"street": "x"}})
            assert list(customer.address.model_dump()) == ["street"]
        """,
        "--- address.py: street: str => street: str; zip: int = 1",
        "--- address.py: zip: int = 1 => zip: int",
    ],
    "prometheus collectors in the default registry": [
        """
        --- metrics.py
        from prometheus_client import Counter
        REQUESTS = Counter("requests", "All requests")
        --- handlers.py
        from metrics import REQUESTS
        def handle():
            REQUESTS.inc()
        --- test_metrics.py
        from prometheus_client import REGISTRY, generate_latest
        import handlers
        def test_counts():
            before = REGISTRY.get_sample_value("requests_total")
            handlers.handle()
            assert REGISTRY.get_sample_value("requests_total") == before + 1
        def test_text():
            assert b"All requests" in generate_latest()
        """,
        "--- metrics.py: All requests => Every request",
        "--- handlers.py: inc() => inc(2)",
        "--- metrics.py: Every request => All requests",
    ],
}
